/**
 * The record of each response of a step: its reward and what that is made of (rewards/reward.ts), less the KL penalty if it acts in the
 * reward, and the advantage that the update multiplies log pi with.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { type Reward, type RewardConfig, rewardsOf } from '../rewards/reward.js'
import type { Response } from '../rollout/response.js'
import { advantages } from './advantages.js'
import { klOfResponse } from './kl.js'

/** `reward` is what the estimator gets: r(x, y), less the KL penalty if it acts in the reward. */
export interface StepRecord extends Reward {
  /** What the update multiplies log pi with; 0 if unscored. */
  advantage: number
}

export type RecordConfig = RewardConfig & Pick<ExperimentConfig, 'estimator' | 'kl'>

/**
 * One record a response, in the order of the rollout. The parameters are those of `rewardsOf`, which says what it throws.
 *
 * site reward:    r = s credit - KL,  A = estimator(r)
 * site advantage: r =   credit - KL,  A = s estimator(r)
 * site loss:      r =   credit - KL,  A = estimator(r); the update multiplies the response's loss by s
 */
export function recordsOf(step: Parameters<typeof rewardsOf>[0] & { config: RecordConfig }): StepRecord[] {
  const { rollout, config } = step
  const records = rewardsOf(step).map((one, index): StepRecord => {
    const penalty = klPenalty(rollout.responses[index] as Response, config)
    return { ...one, reward: penalised(one, penalty), advantage: 0 }
  })
  const groups = groupRecords(records)
  const estimated = advantages({ estimator: config.estimator, groups })
  return groups.flatMap((group, row) =>
    group.map((record, column) => {
      const advantage = estimated[row]?.[column] ?? 0
      return { ...record, advantage: config.value.site === 'advantage' ? record.scale * advantage : advantage }
    }),
  )
}

/** r - penalty; 0 if unscored. */
export function penalised({ verdict, reward }: Pick<Reward, 'verdict' | 'reward'>, penalty: number): number {
  return verdict === 'unscored' ? 0 : reward - penalty
}

/** coefficient * KL estimate summed over the response's tokens, in nats; 0 unless the KL acts in the reward. */
export function klPenalty(response: Response, { kl }: Pick<RecordConfig, 'kl'>): number {
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
