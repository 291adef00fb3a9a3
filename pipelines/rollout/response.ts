/** What the policy answered: one sampled response, and a step's worth of them. */

export interface Response {
  itemId: string
  /** Index among the samples of its prompt, from 0. */
  sample: number
  /** Prompt token ids, without padding. */
  promptTokens: readonly number[]
  /** Response token ids, the end-of-sequence token included when it was drawn. */
  tokens: readonly number[]
  /** Text of `tokens` without special tokens. */
  text: string
  /** log pi(token | prefix) of each of `tokens` at temperature 1, as the sampling policy saw it. */
  logProbs: readonly number[]
  /** Sum over `tokens` of the entropy, in nats, of the distribution at temperature 1 that each was drawn from. */
  entropy?: number
  /** `logProbs` under the reference policy; present when the KL is asked for. */
  referenceLogProbs?: readonly number[]
  /** `stop`: the end-of-sequence token was drawn; `length`: the limit was reached. */
  finish: 'stop' | 'length'
}

export interface Rollout {
  step: number
  /** Item ids of the step's prompts, in order; responses are grouped by prompt in the same order. */
  prompts: readonly string[]
  responses: readonly Response[]
}
