/**
 * A policy that learns, wherever it is computed: what a stage of training needs of it. Each engine implements it; the
 * local one is local-policy.ts. Estimator, value site, aggregation, minibatches and metrics are not the engine's: an
 * update hands in rows whose weights and advantages have them all.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Hooks } from '../progress.js'
import type { Sampler } from '../sampling/sampler.js'
import type { LossRow, LossTerms } from './loss.js'

/** One optimizer step. */
export interface UpdateAsked {
  /** The responses that have a gradient. */
  rows: readonly LossRow[]
  /** Of the loss (loss.ts). An engine may compute its gradient in one pass, or by coefficients (coefficients.ts). */
  terms: LossTerms
  /** Of the step (step-config.ts). */
  config: ExperimentConfig
  /** Maximum rows of a micro-batch: what fitted into memory before. */
  microBatch: number
  hooks: Hooks
}

/** What one optimizer step came to. */
export interface UpdateMade {
  /** Maximum rows of its micro-batches. */
  microBatch: number
  loss: number
  /** Sum over the tokens of |log pi - sampled log pi|. */
  gap: number
  /** Of the gradient, before it was clipped; absent if the engine does not tell it. */
  norm?: number
  clipped: boolean
  /** By measure (ratio.ts), of each row. */
  measured: readonly (readonly number[])[]
}

export interface StepEnding {
  hooks: Hooks
  /** Throws if another attempt has taken over the experiment. */
  mayCommit: () => void
}

export interface LivePolicy extends Sampler {
  /** Steps whose updates are in the weights. */
  readonly step: number
  /** Whether the weights are exactly those of `step`. False from the first change of a further step until its end, and in doubt. */
  readonly isWhole: boolean
  /** Memory for what is trained and its moments; Infinity for one of the few places of a server. (bytes) */
  readonly bytes: number
  /** Rejects with NotFinite if the loss or the gradient is not finite. */
  update(asked: UpdateAsked): Promise<UpdateMade>
  /** All updates of the next step are made: `step` is that step from now on. */
  endStep(ending: StepEnding): Promise<void>
  /** Writes the trained weights in the form of Hugging Face or PEFT; the sha256 of their file identifies them. */
  exportTo(folder: string, hooks: Hooks): Promise<void>
  /** Writes beside them what else the policy goes on from: moments, or the name of a state on a server. */
  saveStateTo(folder: string, hooks: Hooks): Promise<void>
  /** Frees what the policy holds. Never rejects: a policy in doubt is closed too. */
  close(): Promise<void>
}
