/**
 * The record of each response of a step: its reward and what that is made of (rewards/reward.ts), less the penalties that act in the
 * reward, and the advantage that the update multiplies log pi with.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { type Reward, type RewardConfig, rewardsOf } from '../rewards/reward.js'
import type { Response } from '../rollout/response.js'
import { advantages } from './advantages.js'
import { klOfResponse } from './kl.js'
import { isMasked, type OverlongConfig, overlongPenalty } from './overlong.js'

/** `reward` is what the estimator gets: r(x, y), less the KL penalty if it acts in the reward, and less the penalty of its length. */
export interface StepRecord extends Reward {
  /** What the update multiplies log pi with; 0 if unscored or masked. */
  advantage: number
  /** Present if the response was cut and such ones have no gradient. */
  masked?: true
}

export type RecordConfig = RewardConfig & Pick<ExperimentConfig, 'estimator' | 'kl'> & OverlongConfig

/**
 * One record a response, in the order of the rollout. The parameters are those of `rewardsOf`, which says what it throws.
 *
 * site reward:    r = s credit - P,  A = estimator(r)
 * site advantage: r =   credit - P,  A = s estimator(r)
 * site loss:      r =   credit - P,  A = estimator(r); the update multiplies the response's loss by s
 *
 * P: the KL penalty if it acts in the reward, and the penalty of the length. A masked response is in the baseline of its prompt, and then
 * has A = 0.
 */
export function recordsOf(step: Parameters<typeof rewardsOf>[0] & { config: RecordConfig }): StepRecord[] {
  const { rollout, config } = step
  const records = rewardsOf(step).map((one, index): StepRecord => {
    const response = rollout.responses[index] as Response
    const masked = isMasked({ length: one.length, finish: response.finish }, config)
    return {
      ...one,
      reward: penalised(one, penaltyOf(response, config)),
      advantage: 0,
      ...(masked ? { masked: true } : {}),
    }
  })
  const groups = groupRecords(records)
  const estimated = advantages({ estimator: config.estimator, groups })
  return groups.flatMap((group, row) =>
    group.map((record, column) => {
      const advantage = record.masked ? 0 : (estimated[row]?.[column] ?? 0)
      return { ...record, advantage: config.value.site === 'advantage' ? record.scale * advantage : advantage }
    }),
  )
}

/** r - penalty; 0 if unscored. */
export function penalised({ verdict, reward }: Pick<Reward, 'verdict' | 'reward'>, penalty: number): number {
  return verdict === 'unscored' ? 0 : reward - penalty
}

/** What is taken off the reward of a response. */
export function penaltyOf(response: Response, config: Pick<RecordConfig, 'kl'> & OverlongConfig): number {
  return klPenalty(response, config) + overlongPenalty(response.tokens.length, config)
}

/** coefficient * KL estimate summed over the response's tokens, in nats; 0 unless the KL acts in the reward. */
function klPenalty(response: Response, { kl }: Pick<RecordConfig, 'kl'>): number {
  if (kl.place !== 'reward' || kl.coefficient === 0) return 0
  return kl.coefficient * klOfResponse(response)[kl.estimator]
}

/** Consecutive records of the same prompt, in order: the samples that are compared with each other. */
export function groupRecords<R extends Pick<Reward, 'itemId' | 'sample'>>(records: readonly R[]): R[][] {
  const groups: R[][] = []
  for (const record of records) {
    // A prompt can come twice in a row if the items are few: its samples start again at 0.
    const last = groups.at(-1)
    if (last === undefined || last[0]?.itemId !== record.itemId || record.sample === 0) groups.push([record])
    else last.push(record)
  }
  return groups
}
