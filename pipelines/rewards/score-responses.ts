/**
 * Responses that were made elsewhere, scored as a run would score them. A user tries a verifier and a scale in this way before a
 * run. The paper has no such step.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { isOfUser } from '../config/verifier-way.js'
import type { Item } from '../data/item.js'
import { finalAnswer } from './final-answer.js'
import type { ReasonedMark } from './marking.js'
import { scaleOf, uniformScale } from './scales.js'
import type { Verdict } from './verdict.js'

/** A response with the item that it answers. */
export interface ResponseToScore {
  item: Item
  response: { text: string; finish: 'stop' | 'length' }
  /** v(x) (eq. 2), or null if its points or its total are not known. */
  value: number | null
  /** s(x) as its row states it, for the uniform scale, which its value does not give. */
  scale?: number
}

export interface ScoredResponse {
  verdict: Verdict
  /** In [-1, 1]; 1 for a correct response; null if unscored. */
  credit: number | null
  value: number | null
  /** s(x), or null if it depends on a value that is not known. */
  scale: number | null
  /** r(x, y) = s(x) credit (eq. 3); null if unscored, or if the scale is not known. */
  reward: number | null
  /** The final answer as it was read, or null if there is none. */
  read: string | null
  /** Why it is unscored. */
  reason?: string
}

/**
 * One score a response, in their order.
 * @param marks one a response, in their order.
 * @param uniform the uniform scale; by default the mean over the items of these responses, each once.
 */
export function scoreResponses({
  responses,
  marks,
  reward,
  uniform = reward.scale === 'uniform' ? meanScale(responses, reward) : undefined,
}: {
  responses: readonly ResponseToScore[]
  marks: readonly ReasonedMark[]
  reward: ExperimentConfig['reward']
  uniform?: number | null | undefined
}): ScoredResponse[] {
  return responses.map(({ response, value, scale: stated }, index): ScoredResponse => {
    const { verdict, credit, reason = reasonOf(reward) } = marks[index] as ReasonedMark
    const scale = knownScale({ value, reward, mean: stated ?? uniform })
    const scored = verdict !== 'unscored'
    return {
      verdict,
      credit: scored ? credit : null,
      value,
      scale,
      reward: scored ? rewardIn({ scale, credit }) : null,
      read: finalAnswer({ ...response, answer: reward.answer }),
      ...(scored ? {} : { reason }),
    }
  })
}

/** Of a verifier that gives none. A rule is without a verdict only if it cannot read the reference. */
function reasonOf(reward: ExperimentConfig['reward']): string {
  if (isOfUser(reward)) return 'the verifier says unscored'
  const unread = `the verifier ${reward.verifier} cannot read the reference`
  return reward.verifier === 'math' ? `${unread}, or not decide whether the answer equals it` : unread
}

/** No scale is needed to know that nothing is rewarded. */
function rewardIn({ scale, credit }: { scale: number | null; credit: number }): number | null {
  if (credit === 0) return 0
  return scale === null ? null : scale * credit
}

function meanScale(responses: readonly ResponseToScore[], reward: ExperimentConfig['reward']): number | undefined {
  const valueOfItem = new Map(responses.map(({ item, value }) => [item.id, value]))
  const known = [...valueOfItem.values()].flatMap(value => (value === null ? [] : [{ value }]))
  return known.length === 0 ? undefined : uniformScale(known, reward)
}

/** s(x), or null if it depends on what is not known. `mean`: the uniform scale. */
export function knownScale({
  value,
  reward,
  mean,
}: {
  value: number | null
  reward: ExperimentConfig['reward']
  mean: number | null | undefined
}): number | null {
  if (reward.scale === 'uniform') return mean ?? null
  if (reward.scale === 'correctness') return 1
  return value === null ? null : scaleOf({ value, reward })
}
