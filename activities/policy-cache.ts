/**
 * Policies that live in this process between activities: weights and optimizer of a few experiments, each at some step.
 * A hit spares loading; a miss, or a policy beyond the step asked for, goes back to the newest whole checkpoint.
 */
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { loadOptimizer } from '../pipelines/policy/optimizer-file.js'
import { disposePolicy, type Policy } from '../pipelines/policy/policy.js'
import { loadPolicy } from '../pipelines/policy/policy-folder.js'
import { createOptimizer, disposeOptimizer, type Optimizer } from '../pipelines/update/optimizer.js'
import type { Checkpoints } from './clients/checkpoints.js'
import type { ArtifactRef, Store } from './clients/store.js'

export interface LivePolicy {
  /** Updates that are in the weights. */
  step: number
  policy: Policy
  optimizer: Optimizer
}

/** Two experiments of a sweep take turns on one GPU slot; a few more cost a small policy nothing. */
const mostPolicies = 4

export class PolicyCache {
  readonly #store: Store
  /** In order of use, the newest last. */
  readonly #live = new Map<string, LivePolicy>()
  readonly #references = new Map<string, Policy>()

  constructor(store: Store) {
    this.#store = store
  }

  /** The experiment's policy at `step`, or at the newest step before it that is at hand. */
  async atOrBefore(options: {
    run: string
    step: number
    config: ExperimentConfig
    start: ArtifactRef
    checkpoints: Checkpoints
  }): Promise<LivePolicy> {
    const { run, step } = options
    const there = this.#live.get(run)
    if (there !== undefined && there.step <= step) {
      this.#live.delete(run)
      this.#live.set(run, there)
      return there
    }
    this.drop(run)
    const loaded = await this.#load(options)
    this.#live.set(run, loaded)
    for (const oldest of [...this.#live.keys()].slice(0, -mostPolicies)) this.drop(oldest)
    return loaded
  }

  /** The warm start, which the divergence is measured from. */
  async reference(start: ArtifactRef): Promise<Policy> {
    const there = this.#references.get(start.sha256)
    if (there !== undefined) return there
    const policy = await loadPolicy(this.#store.folder(start))
    this.#references.set(start.sha256, policy)
    for (const [key, oldest] of [...this.#references].slice(0, -mostPolicies)) {
      this.#references.delete(key)
      disposePolicy(oldest)
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
    if (checkpoint === null) {
      const policy = await loadPolicy(this.#store.folder(start))
      return { step: 0, policy, optimizer: createOptimizer(policy, config.update) }
    }
    const policy = await loadPolicy(checkpoint.path)
    return { step: checkpoint.step, policy, optimizer: await loadOptimizer(checkpoint.path) }
  }
}
