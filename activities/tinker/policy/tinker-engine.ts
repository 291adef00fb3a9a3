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
import { BaseModelSampler } from './base-model-sampler.js'
import { probedWay } from './probed-way.js'
import { ServerSession } from './server-session.js'
import { type KeptState, States } from './states.js'
import { type OpenModel, TinkerPolicy, unload } from './tinker-policy.js'
import { whileWaiting } from './while-waiting.js'

/** That servers give an adapter, whatever is asked for. */
const alpha = 32

export class TinkerEngine implements PolicyEngine {
  readonly #store: Store
  /** By address. */
  readonly #sessions = new Map<string, ServerSession>()
  /** By the digest of the start. */
  readonly #tokenizers = new Map<string, PolicyTokenizer>()

  constructor(store: Store) {
    this.#store = store
  }

  async open(options: PolicyToOpen): Promise<TinkerPolicy> {
    const { config, start, hooks, mayCommit, folder, experimentKey, step } = options
    const engine = tinkerOf(config)
    const session = this.#session(engine)
    const { client } = session
    const states = new States({ folder, experimentKey })
    for (const left of states.models().open) await unload(client, left)
    const way = await probedWay({ client, engine, states, config, hooks, mayCommit })
    for (const state of [...states.atOrBefore(step), null]) {
      const model = await this.#model({ ...options, states, session, state })
      if (model === null) continue
      const policy = new TinkerPolicy({
        ...{ client, way, model, states, inFlight: engine.inFlight },
        tokenizer: this.#tokenizer(start),
        start: this.#store.folder(start),
      })
      // What training begins with is a state too, so that no other model has to equal it by its seed.
      if (state === null) await policy.keepState(0, { hooks, mayCommit })
      return policy
    }
    throw new Error('the start has no state, and is always there')
  }

  async reference(start: ArtifactRef, config: ExperimentConfig): Promise<Sampler> {
    const engine = tinkerOf(config)
    const { client } = this.#session(engine)
    return new BaseModelSampler({
      ...{ client, inFlight: engine.inFlight },
      source: { baseModel: engine.baseModel },
      tokenizer: this.#tokenizer(start),
    })
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) session.end()
    this.#sessions.clear()
  }

  /** A model with the state, or a fresh one for null. Null if the server does not have the state any more. */
  async #model({
    run,
    config,
    hooks,
    mayCommit,
    states,
    session,
    state,
  }: PolicyToOpen & { states: States; session: ServerSession; state: KeptState | null }): Promise<OpenModel | null> {
    const { client } = session
    const { baseModel } = tinkerOf(config)
    const rank = config.update.adapter?.rank ?? 0
    const made = await whileWaiting(hooks, async signal =>
      client.createModel({ ...(await session.next(signal)), baseModel, rank, seed: config.seed, signal }),
    )
    const { modelId } = made
    const attempt = states.models().made + 1
    states.keepModels({ made: attempt, open: [modelId] }, mayCommit)
    refuseOther(client.address, { rank, alpha }, made)
    if (state === null) return { modelId, attempt, step: 0, requests: 0 }
    try {
      await whileWaiting(hooks, signal => client.loadState({ modelId, seqId: 1, path: state.path, signal }))
      log.info('state of a server loaded', { run, step: state.step, state: state.path, model: modelId })
      return { modelId, attempt, step: state.step, requests: 1 }
    } catch (error) {
      await unload(client, modelId)
      if (!(error instanceof RlevError && error.kind === 'CallInvalid')) throw error
      log.warn('the server does not have a state any more', { run, step: state.step, state: state.path })
      states.forget(state, mayCommit)
      return null
    }
  }

  #session(engine: TinkerEngineConfig): ServerSession {
    const there = this.#sessions.get(engine.url) ?? new ServerSession(engine)
    this.#sessions.set(engine.url, there)
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
