/**
 * The engine of a config with `engine.kind: tinker`. It opens a policy as a new model on the server: with the newest state of the
 * experiment, or as training begins. It never goes on with a model that another process made. Models that earlier attempts left there
 * are unloaded first, because a server has room for few.
 */
import { join } from 'node:path'
import { log } from '@temporalio/activity'
import type { ExperimentConfig, TinkerEngineConfig } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'
import { readJsonObject } from '../../../pipelines/input/json-file.js'
import type { Sampler } from '../../../pipelines/sampling/sampler.js'
import type { PolicyTokenizer } from '../../../pipelines/tokenizer/tokenizer.js'
import { loadTokenizer } from '../../../pipelines/tokenizer/tokenizer-folder.js'
import type { ArtifactRef, Store } from '../../store/store.js'
import type { PolicyEngine, PolicyToOpen } from '../../training/policy-engine.js'
import { TinkerClient } from '../client.js'
import { BaseModelSampler } from './base-model-sampler.js'
import { probedWay } from './probed-way.js'
import { deleteLeft } from './server-retention.js'
import { beginSession, discard, unload } from './server-session.js'
import { type KeptState, States } from './states.js'
import { type OpenModel, TinkerPolicy } from './tinker-policy.js'
import { whileWaiting } from './while-waiting.js'

/** That servers give an adapter, whatever is asked for. */
const alpha = 32

type ToMake = PolicyToOpen & { states: States; client: TinkerClient }

export class TinkerEngine implements PolicyEngine {
  readonly #store: Store
  /** By address. */
  readonly #clients = new Map<string, TinkerClient>()
  /** By the digest of the start. */
  readonly #tokenizers = new Map<string, PolicyTokenizer>()

  constructor(store: Store) {
    this.#store = store
  }

  async open(options: PolicyToOpen): Promise<TinkerPolicy> {
    const { config, start, hooks, mayCommit, claim, folder, experimentKey, step, checkpoints } = options
    const engine = tinkerOf(config)
    const client = this.#client(engine)
    const states = new States({ folder, experimentKey })
    for (const left of states.models().open) {
      await unload(client, left)
      await deleteLeft(client, { states, modelId: left })
    }
    const way = await probedWay({ client, engine, states, config, hooks, mayCommit, claim })
    for (const state of [...states.atOrBefore(step), null]) {
      const model = await this.#model({ ...options, states, client, state })
      if (model === null) continue
      const policy = new TinkerPolicy({
        ...{ client, way, model, states, inFlight: engine.inFlight },
        tokenizer: this.#tokenizer(start),
        start: this.#store.folder(start),
        checkpoints: () => checkpoints.steps(),
      })
      if (state !== null) return policy
      try {
        // What training begins with is a state too, so that no other model has to equal it by its seed.
        await policy.keepState(0, { hooks, mayCommit })
        return policy
      } catch (error) {
        await policy.close()
        throw error
      }
    }
    throw new Error('the start has no state, and is always there')
  }

  async reference(start: ArtifactRef, config: ExperimentConfig): Promise<Sampler> {
    const engine = tinkerOf(config)
    const client = this.#client(engine)
    return new BaseModelSampler({
      ...{ client, inFlight: engine.inFlight },
      source: { baseModel: engine.baseModel },
      tokenizer: this.#tokenizer(start),
    })
  }

  async dispose(): Promise<void> {
    this.#clients.clear()
  }

  /** A model with the state, or a fresh one for null. Null if the server does not have the state any more. */
  async #model(options: ToMake & { state: KeptState | null }): Promise<OpenModel | null> {
    const { run, hooks, mayCommit, states, client, state } = options
    const model = await this.#fresh(options)
    if (state === null) return model
    const { step, path } = state
    const { modelId } = model
    try {
      await whileWaiting(hooks, signal => client.loadState({ modelId, seqId: 1, path, signal }))
      log.info('state of a server loaded', { run, step, state: path, model: modelId })
      return { ...model, step, requests: 1 }
    } catch (error) {
      await discard(client, model)
      if (!(error instanceof RlevError && error.kind === 'CallInvalid')) throw error
      log.warn('the server does not have a state any more', { run, step, state: path })
      states.forget(state, mayCommit)
      return null
    }
  }

  async #fresh({ config, hooks, mayCommit, states, client }: ToMake): Promise<OpenModel> {
    const { baseModel } = tinkerOf(config)
    const rank = config.update.adapter?.rank ?? 0
    const session = await whileWaiting(hooks, signal => beginSession(client, { signal }))
    try {
      const of = { sessionId: session.id, modelSeqId: 0, baseModel, rank, seed: config.seed }
      const made = await whileWaiting(hooks, signal => client.createModel({ ...of, signal }))
      const { modelId } = made
      const attempt = states.models().made + 1
      states.keepModels({ made: attempt, open: [modelId] }, mayCommit)
      refuseOther(client.address, { rank, alpha }, made)
      return { modelId, session, attempt, step: 0, requests: 0 }
    } catch (error) {
      session.end()
      throw error
    }
  }

  #client({ url, patienceMs }: TinkerEngineConfig): TinkerClient {
    const there = this.#clients.get(url) ?? new TinkerClient({ url, patience: { patienceMs } })
    this.#clients.set(url, there)
    return there
  }

  #tokenizer(start: ArtifactRef): PolicyTokenizer {
    const folder = this.#store.path(start)
    const there =
      this.#tokenizers.get(start.sha256) ?? loadTokenizer(folder, readJsonObject(join(folder, 'config.json')))
    this.#tokenizers.set(start.sha256, there)
    return there
  }
}

function tinkerOf({ engine }: ExperimentConfig): TinkerEngineConfig {
  if (engine.kind === 'tinker') return engine
  throw new TypeError('the engine of this config is another one')
}

/** A server that does not tell is believed. */
function refuseOther(
  place: string,
  asked: { rank: number; alpha: number },
  found: { rank: number | null; alpha: number | null },
): void {
  const { rank = asked.rank, alpha: scale = asked.alpha } = {
    rank: found.rank ?? undefined,
    alpha: found.alpha ?? undefined,
  }
  if (rank === asked.rank && scale === asked.alpha) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the Tinker server made another adapter than the config has',
    place,
    expected: `rank ${asked.rank}, alpha ${asked.alpha}`,
    found: `rank ${rank}, alpha ${scale}`,
    remedy: 'set update.adapter to what the server makes, or choose another server',
  })
}
