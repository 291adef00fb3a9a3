/**
 * The models of the test's Tinker server: rlev's adapter, optimizer and sampling over one base. Models and gradients that wait for a
 * step are in memory only; states and samplers are folders, which appear whole or not at all.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { loadAdapter, saveAdapter } from '../../pipelines/checkpoint/adapter-file.js'
import { loadOptimizer, saveOptimizer } from '../../pipelines/checkpoint/optimizer-file.js'
import { withEngine } from '../../pipelines/engine/engine-cache.js'
import { Learning } from '../../pipelines/engine/learning.js'
import { DeviceTensors } from '../../pipelines/graph/device-tensors.js'
import { type Tensor, tf } from '../../pipelines/graph/tensorflow.js'
import { type Adapter, createAdapter, disposeAdapter } from '../../pipelines/model/adapter.js'
import { adapterTargets } from '../../pipelines/model/adapter-shapes.js'
import { createOptimizer, disposeOptimizer, type Optimizer } from '../../pipelines/model/optimizer-state.js'
import { disposePolicy, type Policy, withAdapter } from '../../pipelines/model/policy.js'
import { clipFactor, optimizerStep } from '../../pipelines/training/optimizer.js'
import { gradientOf, type losses, passForward, rebuilt, type WireDatum, weightOf } from './passes.js'
import { Refusal, type ServerSettings } from './settings.js'
import { tiedNorm, withTiedSums, withTiedValues } from './tied.js'

/** As SkyRL fixes it. */
const alpha = 32

/** AdamW of a server that takes only the rate from a request. */
const ownNumbers = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 }

interface Model {
  policy: Policy
  optimizer: Optimizer
  /** Waits for a step. */
  gradient: Map<string, Tensor>
  /** Data of the gradient. */
  data: number
  /** Operations so far. */
  requests: number
  /** The sampler that was last written over the model. */
  written: string | null
}

export type Kind = 'weights' | 'sampler_weights'

export class Models {
  readonly base: Policy
  readonly #settings: ServerSettings
  readonly #models = new Map<string, Model>()

  constructor(base: Policy, settings: ServerSettings) {
    this.base = base
    this.#settings = settings
  }

  get #isShared(): boolean {
    return this.#settings.adapters === 'shared'
  }

  get count(): number {
    return this.#models.size
  }

  has(id: string): boolean {
    return this.#models.has(id)
  }

  create(id: string, { rank, seed }: { rank: number; seed: number }): void {
    if (this.#models.size >= this.#settings.maxModels)
      throw new Refusal(400, `Maximum number of LoRA adapters (${this.#settings.maxModels}) reached`)
    if (rank < 1) throw new Refusal(400, `LoRA rank ${rank} must be between 1 and 16`)
    const adapter = createAdapter({ architecture: this.base.architecture, rank, alpha, targets: adapterTargets, seed })
    if (this.#isShared) adapter.tensors = new DeviceTensors(withTiedValues(adapter.tensors.read()))
    const policy = withAdapter(this.base, adapter)
    const optimizer = createOptimizer(policy, { optimizer: 'adamw' })
    this.#models.set(id, { policy, optimizer, gradient: new Map(), data: 0, requests: 0, written: null })
  }

  unload(id: string): void {
    const { policy, optimizer, gradient } = this.#model(id)
    tf.dispose([...gradient.values()])
    disposeOptimizer(optimizer)
    disposePolicy(policy)
    this.#models.delete(id)
  }

  unloadAll(): void {
    for (const id of [...this.#models.keys()]) this.unload(id)
  }

  async forward(id: string, data: readonly WireDatum[]): Promise<number[][]> {
    return passForward(this.#model(id).policy, this.#targets(data))
  }

  async forwardBackward(id: string, data: readonly WireDatum[], loss: keyof typeof losses): Promise<number[][]> {
    const model = this.#model(id)
    const given = this.#targets(data)
    const logProbs = await passForward(model.policy, given)
    const isMean = this.#settings.reduction === 'mean of means'
    const factors = given.map(datum => (isMean ? 1 / Math.max(weightOf(datum), 1e-9) : 1))
    const separate = await gradientOf(model.policy, given, { loss, factors })
    const fresh = this.#isShared ? withTiedSums(separate) : separate
    if (this.#settings.gradients === 'last only') this.#clear(model)
    model.gradient = sumOf(model.gradient, fresh)
    model.data += data.length
    return logProbs
  }

  async step(
    id: string,
    adam: Record<'learning_rate' | 'beta1' | 'beta2' | 'eps' | 'weight_decay' | 'grad_clip_norm', number>,
  ): Promise<Record<string, number>> {
    const model = this.#model(id)
    if (model.data === 0 && this.#settings.emptyStep === 'left out') return {}
    const numbers = this.#settings.adam === 'taken' ? adam : { ...adam, ...ownNumbers }
    const mean = this.#settings.reduction === 'mean of means' ? 1 / Math.max(model.data, 1) : 1
    const norm = await withEngine(model.policy, async engine => {
      const learning = engine.part(Learning)
      if (model.data === 0) learning.beginSum()
      else learning.setGradients(model.gradient)
      const [found] = learning.norm()() as [Tensor]
      const norm = (this.#isShared ? tiedNorm(model.gradient) : (found.dataSync()[0] as number)) * mean
      found.dispose()
      const settings = {
        learningRate: adam.learning_rate,
        betas: [numbers.beta1, numbers.beta2] as [number, number],
        epsilon: numbers.eps,
        weightDecay: numbers.weight_decay,
      }
      const clip = numbers.grad_clip_norm > 0 ? clipFactor(norm, numbers.grad_clip_norm) : 1
      optimizerStep({ engine, optimizer: model.optimizer, settings, factor: mean * clip })
      return norm
    })
    this.#clear(model)
    return { 'skyrl.ai/grad_norm': norm, 'skyrl.ai/learning_rate': adam.learning_rate }
  }

  /** `whenWritten` runs before the folder gets its name. */
  async save(id: string, { kind, name, whenWritten }: { kind: Kind; name: string; whenWritten: () => void }) {
    const { policy, optimizer } = this.#model(id)
    const folder = this.folderOf(id, kind, name)
    const temporary = `${folder}.unfinished`
    rmSync(temporary, { recursive: true, force: true })
    mkdirSync(temporary, { recursive: true })
    await saveAdapter(policy.adapter as Adapter, { folder: temporary })
    if (kind === 'weights' && this.#settings.moments === 'restored') await saveOptimizer(optimizer, temporary)
    whenWritten()
    renameSync(temporary, folder)
  }

  async load(id: string, folder: string, { optimizer: withOptimizer }: { optimizer: boolean }): Promise<void> {
    const model = this.#model(id)
    if (!existsSync(folder)) throw new Refusal(404, 'Checkpoint not found')
    await this.#replaceAdapter(model, folder)
    if (withOptimizer && existsSync(join(folder, 'optimizer.safetensors'))) {
      disposeOptimizer(model.optimizer)
      model.optimizer = await loadOptimizer(folder)
    }
  }

  /** The policy of a sampler checkpoint, which the caller disposes of. */
  async sampler(id: string, name: string): Promise<Policy> {
    const model = this.#model(id)
    const folder = this.folderOf(id, 'sampler_weights', name)
    if (!existsSync(folder)) throw new Refusal(404, 'Checkpoint not found')
    const { architecture } = this.base
    if (this.#settings.samplers === 'apart') return withAdapter(this.base, await loadAdapter({ folder, architecture }))
    if (model.written !== name) await this.#replaceAdapter(model, folder)
    model.written = name
    return withAdapter(this.base, copyOf(model.policy.adapter as Adapter))
  }

  delete(id: string, kind: Kind, name: string): void {
    if (!this.names(id, kind).includes(name)) throw new Refusal(404, 'Checkpoint not found')
    rmSync(this.folderOf(id, kind, name), { recursive: true })
  }

  names(id: string, kind: Kind): string[] {
    const folder = join(this.#settings.folder, 'checkpoints', id, kind)
    return existsSync(folder) ? readdirSync(folder).filter(name => !name.endsWith('.unfinished')) : []
  }

  folderOf(id: string, kind: Kind, name: string): string {
    return join(this.#settings.folder, 'checkpoints', id, kind, name)
  }

  /** Whether it is the model's first request. */
  countRequest(id: string): boolean {
    return this.#model(id).requests++ === 0
  }

  async #replaceAdapter(model: Model, folder: string): Promise<void> {
    const { policy } = model
    const adapter = await loadAdapter({ folder, architecture: policy.architecture })
    const own = policy.adapter as Adapter
    if (adapter.rank !== own.rank) throw new Refusal(400, `the state has rank ${adapter.rank}`)
    disposeAdapter(own)
    policy.adapter = adapter
  }

  #targets(data: readonly WireDatum[]): readonly WireDatum[] {
    return this.#settings.targets === 'free' ? data : rebuilt(data)
  }

  #clear(model: Model): void {
    tf.dispose([...model.gradient.values()])
    model.gradient = new Map()
    model.data = 0
  }

  #model(id: string): Model {
    const model = this.#models.get(id)
    if (model === undefined)
      throw new Refusal(400, `Model ${id} not loaded (likely stale request from previous server)`)
    return model
  }
}

function copyOf(adapter: Adapter): Adapter {
  const tensors = [...adapter.tensors.read()].map(([name, tensor]) => [name, tensor.clone() as Tensor] as const)
  return { ...adapter, tensors: new DeviceTensors(tensors) }
}

/** Takes both. */
function sumOf(before: Map<string, Tensor>, fresh: Map<string, Tensor>): Map<string, Tensor> {
  if (before.size === 0) return fresh
  const sum = new Map([...fresh].map(([name, tensor]) => [name, tensor.add(before.get(name) as Tensor) as Tensor]))
  tf.dispose([...before.values(), ...fresh.values()])
  return sum
}
