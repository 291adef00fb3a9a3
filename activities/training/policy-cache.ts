/**
 * Policies that stay in this process between activities: weights and optimizer of a few experiments, each at some step.
 * On a miss, or if the policy is beyond the step that is asked for, the newest whole checkpoint is loaded.
 */

import { loadAdapter } from '../../pipelines/checkpoint/adapter-file.js'
import { loadOptimizer } from '../../pipelines/checkpoint/optimizer-file.js'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import type { EngineConfig, ExperimentConfig } from '../../pipelines/config/schema.js'
import { createAdapter } from '../../pipelines/model/adapter.js'
import { createOptimizer, disposeOptimizer, type Optimizer } from '../../pipelines/model/optimizer-state.js'
import { disposePolicy, type Policy, trainable, withAdapter } from '../../pipelines/model/policy.js'
import type { Checkpoints } from '../store/checkpoints.js'
import type { ArtifactRef, Store } from '../store/store.js'

export interface LivePolicy {
  /** Updates that are in the weights. */
  step: number
  policy: Policy
  optimizer: Optimizer
}

/** Two experiments of a sweep take turns on one GPU slot; a few more cost a small policy nothing. */
const maxPolicies = 4

/** Beyond this only the newest stays: loading a large policy again costs less than the memory that it would hold. */
const maxBytes = 2 ** 30

export class PolicyCache {
  readonly #store: Store
  /** In order of use, the newest last. */
  readonly #live = new Map<string, LivePolicy>()
  readonly #references = new Map<string, Policy>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Whether `atOrBefore` finds the policy in this process. */
  holds(run: string, step: number): boolean {
    const there = this.#live.get(run)
    return there !== undefined && there.step <= step
  }

  /** The experiment's policy at `step`, or at the newest step before it that is available. */
  async atOrBefore(options: {
    run: string
    step: number
    config: ExperimentConfig
    start: ArtifactRef
    checkpoints: Checkpoints
  }): Promise<LivePolicy> {
    const { run, step } = options
    const there = this.#live.get(run)
    if (there !== undefined && this.holds(run, step)) {
      this.#live.delete(run)
      this.#live.set(run, there)
      return there
    }
    this.drop(run)
    const loaded = await this.#load(options)
    this.#live.set(run, loaded)
    for (const oldest of tooOld(this.#live, trainedBytes)) this.drop(oldest)
    return loaded
  }

  /** The warm start: reference of the KL divergence, and base of adapters. */
  async reference(start: ArtifactRef, engine: EngineConfig): Promise<Policy> {
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

  drop(run: string): void {
    const live = this.#live.get(run)
    if (live === undefined) return
    this.#live.delete(run)
    disposePolicy(live.policy)
    disposeOptimizer(live.optimizer)
  }

  dispose(): void {
    for (const run of [...this.#live.keys()]) this.drop(run)
    for (const policy of this.#references.values()) disposePolicy(policy)
    this.#references.clear()
  }

  async #load({
    step,
    config,
    start,
    checkpoints,
  }: {
    step: number
    config: ExperimentConfig
    start: ArtifactRef
    checkpoints: Checkpoints
  }): Promise<LivePolicy> {
    const checkpoint = checkpoints.newestWhole(step)
    const policy = await this.#policyOf(config, start, checkpoint?.path ?? null)
    if (checkpoint === null) return { step: 0, policy, optimizer: createOptimizer(policy, config.update) }
    return { step: checkpoint.step, policy, optimizer: await loadOptimizer(checkpoint.path) }
  }

  /** The policy as training begins. The caller disposes of it. */
  async atStart(config: ExperimentConfig, start: ArtifactRef): Promise<Policy> {
    return this.#policyOf(config, start, null)
  }

  /** From a checkpoint's folder, or as training begins. Checkpoints of an adapter do not hold the warm start that it is applied to. */
  async #policyOf(
    { update, seed, engine }: ExperimentConfig,
    start: ArtifactRef,
    folder: string | null,
  ): Promise<Policy> {
    if (update.adapter === null) return loadPolicy(folder ?? this.#store.folder(start), engine)
    const base = await this.reference(start, engine)
    const { architecture } = base
    const adapter =
      folder === null
        ? createAdapter({ architecture, ...update.adapter, seed })
        : await loadAdapter({ folder, architecture })
    return withAdapter(base, adapter)
  }
}

/** Of what is trained and its two moments. */
const trainedBytes = ({ policy }: LivePolicy): number => 3 * trainable(policy).bytes

/** Keys, the oldest first, of the entries beyond the maximal number or bytes; never the newest. */
function tooOld<Value>(kept: ReadonlyMap<string, Value>, bytesOf: (value: Value) => number): string[] {
  const newestFirst = [...kept].reverse()
  let bytes = 0
  return newestFirst
    .filter(([, value], index) => {
      bytes += bytesOf(value)
      return index > 0 && (index >= maxPolicies || bytes > maxBytes)
    })
    .map(([key]) => key)
    .reverse()
}
