/**
 * What rollout, evaluation and the divergence need of a policy, wherever it is computed: its tokenizer, samples, and
 * log-probabilities of given responses. A row that is sampled names its draws by counters. The local engine makes the
 * uniform number of each token of them (local-sampler.ts); a server makes one seed of them for the whole response.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Sequence } from '../engine/response-batch.js'
import type { Hooks } from '../progress.js'
import type { PolicyTokenizer } from '../tokenizer/tokenizer.js'
import type { Stops } from './stops.js'

/** One response, as it was sampled. */
export interface Generated {
  /** With the end-of-sequence token or the tokens of the stop that ended it, if one was drawn. */
  tokens: number[]
  /** log pi of each token under the distribution that was sampled. */
  logProbs: number[]
  /** Sum over the tokens of the entropy of their distributions, if the engine gives it. (nats) */
  entropy?: number
  /** `stop`: at the end-of-sequence token, or at a stop of the config; `length`: at the limit. */
  finish: 'stop' | 'length'
  /** The stop string, or the text of the stop token, that ended it. */
  stoppedBy?: string
  /** P(EOS) before each token; present when asked for and if the engine gives it. */
  eosProbabilities?: number[]
}

/** Rows of one purpose and seed draw from one series of random numbers. */
export interface Series {
  purpose: 'rollout' | 'evaluation'
  seed: number
}

export interface SampledRow {
  promptTokens: readonly number[]
  /**
   * Names the row's draws in the series: (step, prompt, sample) of a rollout, (item, sample) of an evaluation. Null for a
   * row that takes its likeliest tokens.
   */
  draw: readonly [number, number, number?] | null
}

export interface SampleOptions {
  /** Neighbours with one prompt share its array. */
  rows: readonly SampledRow[]
  series: Series
  /** Divides the logits of sampled tokens, and of the distribution that log-probabilities and entropy are of. */
  temperature: number
  /** Of a response. */
  maxTokens: number
  /** Rows that are computed together; results do not depend on it but by rounding. */
  chunk: number
  /** Where responses end besides the end-of-sequence token. */
  stops: Stops | null
  /** Whether P(EOS) before each token is asked for. */
  eosProbabilities?: boolean
  hooks: Hooks
}

export interface MeasureOptions {
  /** Sizes of the largest batch, and the temperature. */
  rollout: Pick<ExperimentConfig['rollout'], 'prompts' | 'samples' | 'maxTokens' | 'temperature'>
  /** Rows that are computed together. */
  together: number
  hooks: Hooks
  /** Shown while it lasts. */
  note: string
}

export interface Sampler {
  readonly tokenizer: PolicyTokenizer
  /** In the order of the rows. */
  sample(options: SampleOptions): Promise<Generated[]>
  /** log pi of each token of each sequence at the rollout's temperature. */
  logProbabilities(sequences: readonly Sequence[], options: MeasureOptions): Promise<number[][]>
}
