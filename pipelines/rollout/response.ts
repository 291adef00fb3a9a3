/** A sampled response of the policy, and the responses of a step. */

/** `stop`: the end-of-sequence token or a stop of the config was drawn; `length`: the limit was reached. */
export type Finish = 'stop' | 'length'

export interface Response {
  itemId: string
  /** Index among the samples of its prompt, from 0. */
  sample: number
  /** Prompt token ids, without padding. */
  promptTokens: readonly number[]
  /** Response token ids, with the end-of-sequence token or those of the stop that ended it. */
  tokens: readonly number[]
  /** Text of `tokens` without the tokens that end it, up to the stop that ended it (sampling/stops.ts). */
  text: string
  /** log pi(token | prefix) of each of `tokens` under the sampling policy at `rollout.temperature`. */
  logProbs: readonly number[]
  /** Sum over `tokens` of the entropy of the distribution of each at `rollout.temperature`. (nats) */
  entropy?: number
  /** `logProbs` under the reference policy; present if the KL is measured. */
  referenceLogProbs?: readonly number[]
  finish: Finish
  /** The stop string, or the text of the stop token, that ended it; absent after the end-of-sequence token. */
  stoppedBy?: string
}

/** What dynamic sampling drew for a step. */
export interface DynamicDraws {
  /** Rounds after the first. */
  rounds: number
  /** Prompts of all rounds. */
  prompts: number
  /** Places of the step whose prompt was replaced. */
  replaced: number
  /** Places whose answers are all right or all wrong, and stay. */
  left: number
  /** Tokens of all responses, also those of prompts that were dropped. */
  tokens: number
}

export interface Rollout {
  step: number
  /** Item ids of the step's prompts, in order; responses are grouped by prompt in the same order. */
  prompts: readonly string[]
  responses: readonly Response[]
  /** Present with `rollout.dynamicSampling`. */
  dynamic?: DynamicDraws
}
