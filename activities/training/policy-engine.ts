/**
 * Where policies of an experiment come from: what computes them. Stages of training know engines by this interface only.
 * The local engine is local-engine.ts. What an engine can do is in pipelines/config/engine-capabilities.ts.
 */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { Hooks } from '../../pipelines/progress.js'
import type { Sampler } from '../../pipelines/sampling/sampler.js'
import type { LivePolicy } from '../../pipelines/training/live-policy.js'
import type { Checkpoints } from '../store/checkpoints.js'
import type { ArtifactRef } from '../store/store.js'

export interface PolicyToOpen {
  /** The experiment's id, folder, and the digest of everything that changes its results. */
  run: string
  folder: string
  experimentKey: string
  /** At most. */
  step: number
  config: ExperimentConfig
  /** Checkpoint 0. */
  start: ArtifactRef
  checkpoints: Checkpoints
  hooks: Hooks
  /** Throws if another attempt has taken over the experiment. */
  mayCommit: () => void
  /** Notes what computes the policy, for the provenance of the run. Throws Drift if it was something else before. */
  claim: (engine: string) => void
}

export type PolicyToSample = Omit<PolicyToOpen, 'folder' | 'hooks' | 'mayCommit' | 'claim'>

/** The start with an adapter of the store over it. */
export interface PolicyWithAdapter extends Pick<PolicyToOpen, 'config' | 'start'> {
  adapter: ArtifactRef
}

export interface PolicyEngine {
  /** The policy at `step`, or at the newest step before it whose state is whole. */
  open(options: PolicyToOpen): Promise<LivePolicy>
  /** The start, which is never trained: reference of the KL divergence. The engine keeps it. */
  reference(start: ArtifactRef, config: ExperimentConfig): Promise<Sampler>
  /** Frees what it keeps beside the policies that it opened. */
  dispose(): Promise<void>
}
