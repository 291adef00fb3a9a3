/**
 * Policies that stay open in this process between activities: those of a few experiments, each at some step. On a miss,
 * or if the policy is beyond the step that is asked for, its engine opens the newest whole state.
 */
import { type EngineKind, engineKind } from '../../pipelines/config/engine-kinds.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { Sampler } from '../../pipelines/sampling/sampler.js'
import type { LivePolicy } from '../../pipelines/training/live-policy.js'
import type { ArtifactRef, Store } from '../store/store.js'
import { TinkerEngine } from '../tinker/policy/tinker-engine.js'
import { tooOld } from './kept-policies.js'
import { LocalEngine } from './local-engine.js'
import type { PolicyEngine, PolicyToOpen, PolicyToSample, PolicyWithAdapter } from './policy-engine.js'

export class PolicyCache {
  /** For stages that only the local engine has. */
  readonly local: LocalEngine
  readonly #engines: Readonly<Record<EngineKind, PolicyEngine>>
  /** In order of use, the newest last. */
  readonly #live = new Map<string, LivePolicy>()

  constructor(store: Store) {
    this.local = new LocalEngine(store)
    this.#engines = { local: this.local, tinker: new TinkerEngine(store) }
  }

  /** Whether `atOrBefore` finds the policy in this process. */
  holds(run: string, step: number): boolean {
    const there = this.#live.get(run)
    return there?.isWhole === true && there.step <= step
  }

  /** Whether it is in this process at exactly this step. */
  isAt(run: string, step: number): boolean {
    return this.holds(run, step) && this.#live.get(run)?.step === step
  }

  /** The experiment's policy at `step`, or at the newest step before it that is available. */
  async atOrBefore(options: PolicyToOpen): Promise<LivePolicy> {
    const { run, step, config } = options
    const there = this.#live.get(run)
    if (there !== undefined && this.holds(run, step)) {
      this.#live.delete(run)
      this.#live.set(run, there)
      return there
    }
    await this.drop(run)
    const loaded = await this.#engines[engineKind(config.engine)].open(options)
    this.#live.set(run, loaded)
    for (const oldest of tooOld(this.#live, ({ bytes }) => bytes)) await this.drop(oldest)
    return loaded
  }

  /** To sample from: the policy at exactly `step`, of this process or of a checkpoint. Null if there is none, or a server has it. */
  async samplerAt(options: PolicyToSample): Promise<Sampler | null> {
    const { run, step, config } = options
    if (this.isAt(run, step)) return this.#live.get(run) ?? null
    return engineKind(config.engine) === 'local' ? this.local.samplerAt(options) : null
  }

  /** The same of a policy whose adapter is in the store. Null if that is gone. */
  async samplerWith({
    run,
    step,
    ...stored
  }: PolicyWithAdapter & Pick<PolicyToSample, 'run' | 'step'>): Promise<Sampler | null> {
    return this.isAt(run, step) ? (this.#live.get(run) ?? null) : this.local.samplerWith(stored)
  }

  /** The warm start: reference of the KL divergence. */
  reference(start: ArtifactRef, config: ExperimentConfig): Promise<Sampler> {
    return this.#engines[engineKind(config.engine)].reference(start, config)
  }

  /** The same, if the KL divergence is measured. */
  async measuring(start: ArtifactRef, config: ExperimentConfig): Promise<{ reference?: Sampler }> {
    return config.kl.place === 'none' ? {} : { reference: await this.reference(start, config) }
  }

  async drop(run: string): Promise<void> {
    const live = this.#live.get(run)
    this.#live.delete(run)
    await live?.close()
  }

  async dispose(): Promise<void> {
    for (const run of [...this.#live.keys()]) await this.drop(run)
    for (const engine of Object.values(this.#engines)) await engine.dispose()
  }
}
