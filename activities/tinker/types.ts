/**
 * What goes over the Tinker API, in plain types. A server holds base models and trains low-rank adapters (LoRA) over them.
 * Names here are rlev's; `wire.ts` has those of the protocol.
 */

/** One sequence with a target at each place: position i of the input predicts target i. All lists have one length. */
export interface Datum {
  inputs: readonly number[]
  targets: readonly number[]
  /** w: 1 on places that count, 0 on those of the prompt. */
  weights: readonly number[]
  /** Log-probabilities that the ratio is against. Only `importance_sampling` reads them. */
  logProbs?: readonly number[]
  /** A. Only `importance_sampling` reads them. */
  advantages?: readonly number[]
}

/**
 * Terms of a token: `cross_entropy` -w log pi; `importance_sampling` -w A exp(log pi - log old). How terms are summed up differs
 * from server to server (probe/findings.ts).
 */
export type LossName = 'cross_entropy' | 'importance_sampling'

/** AdamW with decoupled decay. All numbers are sent: servers have other defaults than PyTorch. */
export interface AdamStep {
  learningRate: number
  betas: readonly [number, number]
  epsilon: number
  weightDecay: number
  /** Global norm that gradients are clipped to; null for no clipping. */
  clipNorm: number | null
}

export interface SamplingSettings {
  maxTokens: number
  /** 0 takes the likeliest tokens. */
  temperature: number
  /** From 0, below 2^31: a larger one fails on SkyRL, with all requests that it is batched with. */
  seed: number
  /** Token ids that end a response. Without them some servers go on to `maxTokens`, past the end of the sequence. */
  stop: readonly number[]
}

/** Whose distribution: a sampler snapshot of a model, or a base model without an adapter. */
export type SamplingSource = { sampler: string } | { baseModel: string }

export interface SampleCall {
  source: SamplingSource
  /** Of the prompt. */
  tokens: readonly number[]
  settings: SamplingSettings
  /** Sample i has the seed `seed + i` on SkyRL; other servers part there, so that 1, the default, is the safe number. */
  samples?: number
}

export interface Sampled {
  /** With the token that ended it. */
  tokens: number[]
  /** log pi of each token at temperature 1, whatever temperature it was drawn at. NaN where the server has no number. */
  logProbs: number[]
  finish: 'stop' | 'length'
}

/** Of a forward pass, with or without gradient. */
export interface Passed {
  /** log pi of each target, by datum. NaN where the server has no number. */
  logProbs: number[][]
  metrics: Record<string, number>
}

/** What a model is made of. */
export interface ModelSettings {
  /** As the server names it. */
  baseModel: string
  /** Of the low-rank matrices. */
  rank: number
  /** Of the adapter's initial values. */
  seed: number
}

export interface Checkpoint {
  id: string
  /** `training`: a state, with the optimizer's moments; `sampler`: a snapshot of the weights. */
  type: 'training' | 'sampler'
  path: string
}

/** As it is stored. */
export interface CheckpointName {
  modelId: string
  kind: 'weights' | 'sampler_weights'
  name: string
}

/** Of one call. */
export interface Calling {
  /** Ends the waiting, not the work: a server cannot cancel an operation. */
  signal?: AbortSignal | undefined
  /** Called before each request, at least once a minute. What it throws ends the call. */
  onWait?: (() => void) | undefined
}
