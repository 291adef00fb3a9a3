/** The engine of this process: policies of TensorFlow, from the folders of the store and of checkpoints. */

import { loadAdapter } from '../../pipelines/checkpoint/adapter-file.js'
import { loadOptimizer } from '../../pipelines/checkpoint/optimizer-file.js'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { localEngine } from '../../pipelines/config/engine-kinds.js'
import type { EngineConfig, ExperimentConfig } from '../../pipelines/config/schema.js'
import { createAdapter } from '../../pipelines/model/adapter.js'
import { createOptimizer } from '../../pipelines/model/optimizer-state.js'
import { disposePolicy, type Policy, withAdapter } from '../../pipelines/model/policy.js'
import { LocalSampler } from '../../pipelines/sampling/local-sampler.js'
import { LocalPolicy } from '../../pipelines/training/local-policy.js'
import type { ArtifactRef, Store } from '../store/store.js'
import { tooOld } from './kept-policies.js'
import type { PolicyEngine, PolicyToOpen, PolicyToSample, PolicyWithAdapter } from './policy-engine.js'

export class LocalEngine implements PolicyEngine {
  readonly #store: Store
  readonly #references = new Map<string, Policy>()
  /** Of an experiment that may be trained by another process. */
  #sampled: { key: string; policy: Policy } | null = null

  constructor(store: Store) {
    this.#store = store
  }

  async open({ step, config, start, checkpoints }: PolicyToOpen): Promise<LocalPolicy> {
    this.#dropSampled()
    const checkpoint = checkpoints.newestWhole(step)
    const policy = await this.#policyOf(config, start, checkpoint?.path ?? null)
    const optimizer =
      checkpoint === null ? createOptimizer(policy, config.update) : await loadOptimizer(checkpoint.path)
    return new LocalPolicy({ policy, optimizer, step: checkpoint?.step ?? 0 })
  }

  /** Its weights without an optimizer; null if the step has no whole checkpoint. Freed when another policy is opened. */
  async samplerAt(options: PolicyToSample): Promise<LocalSampler | null> {
    const { step, config, start, checkpoints, experimentKey } = options
    if (config.steps === 0) return this.reference(start, config)
    return this.#sampler({
      ...{ key: `${experimentKey} ${start.sha256} ${step}`, config, start },
      folder: () => (step === 0 ? null : checkpoints.whole(step)?.path),
    })
  }

  /** The start with a stored adapter; null if that is gone. Freed when another policy is opened. */
  async samplerWith({ config, start, adapter }: PolicyWithAdapter): Promise<LocalSampler | null> {
    return this.#sampler({
      ...{ key: `${start.sha256} ${adapter.sha256} ${JSON.stringify(config.engine)}`, config, start },
      folder: () => (this.#store.isWhole(adapter) ? this.#store.path(adapter) : undefined),
    })
  }

  async reference(start: ArtifactRef, { engine }: ExperimentConfig): Promise<LocalSampler> {
    return new LocalSampler(await this.#base(start, localEngine(engine)))
  }

  /** The policy as training begins, or as the folder of a state has it. The caller disposes of it. */
  async atStart(config: ExperimentConfig, start: ArtifactRef, state: string | null = null): Promise<Policy> {
    return this.#policyOf(config, start, state)
  }

  async dispose(): Promise<void> {
    for (const policy of this.#references.values()) disposePolicy(policy)
    this.#references.clear()
    this.#dropSampled()
  }

  /** `folder` is asked where another policy is held: as for `#policyOf`, or undefined if it is gone. */
  async #sampler({
    key,
    config,
    start,
    folder,
  }: Pick<PolicyToSample, 'config' | 'start'> & {
    key: string
    folder: () => string | null | undefined
  }): Promise<LocalSampler | null> {
    if (this.#sampled?.key !== key) {
      const path = folder()
      if (path === undefined) return null
      this.#dropSampled()
      this.#sampled = { key, policy: await this.#policyOf(config, start, path) }
    }
    return new LocalSampler(this.#sampled.policy)
  }

  #dropSampled(): void {
    if (this.#sampled !== null) disposePolicy(this.#sampled.policy)
    this.#sampled = null
  }

  /** The warm start: reference of the KL divergence, and base of adapters. */
  async #base(start: ArtifactRef, engine: EngineConfig): Promise<Policy> {
    const key = `${start.sha256} ${JSON.stringify(engine)}`
    const there = this.#references.get(key)
    if (there !== undefined) return there
    const policy = await loadPolicy(this.#store.folder(start), engine)
    this.#references.set(key, policy)
    for (const oldest of tooOld(this.#references, ({ weights }) => weights.bytes)) {
      disposePolicy(this.#references.get(oldest) as Policy)
      this.#references.delete(oldest)
    }
    return policy
  }

  /** From a checkpoint's folder, or as training begins. Checkpoints of an adapter do not hold the warm start that it is applied to. */
  async #policyOf(
    { update, seed, ...config }: ExperimentConfig,
    start: ArtifactRef,
    folder: string | null,
  ): Promise<Policy> {
    const engine = localEngine(config.engine)
    if (update.adapter === null) return loadPolicy(folder ?? this.#store.folder(start), engine)
    const base = await this.#base(start, engine)
    const { architecture } = base
    const adapter =
      folder === null
        ? createAdapter({ architecture, ...update.adapter, seed })
        : await loadAdapter({ folder, architecture })
    return withAdapter(base, adapter)
  }
}
