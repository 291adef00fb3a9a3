/**
 * The record of each response of a step: verdict, value, scale, reward, advantage, kept apart. The paper has the scale in
 * the reward (eq. 3) only; `value.site` moves it onto the advantage or the loss.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { RlevError } from '../errors.js'
import type { RewardRecord, Verdict } from '../rewards/record.js'
import { scaleOf, uniformScale } from '../rewards/scales.js'
import { verify } from '../rewards/verify.js'
import type { Response, Rollout } from '../rollout/response.js'
import type { ItemValue } from '../values/value.js'
import { advantages } from './advantages.js'
import { klOfResponse } from './kl.js'

export type ScoreConfig = Pick<ExperimentConfig, 'reward' | 'estimator' | 'kl'> & {
  value: Pick<ExperimentConfig['value'], 'site'>
}

/**
 * One record a response, in the order of the rollout.
 *
 * site reward:    r = s 1_correct - KL,  A = estimator(r)
 * site advantage: r =   1_correct - KL,  A = s estimator(r)
 * site loss:      r =   1_correct - KL,  A = estimator(r); the update multiplies the response's loss by s
 *
 * `values`: all training items, as the arm's reward sees them; the uniform scale is a mean over them. `verdicts`: those of a judge, in
 * the order of the responses, in place of the config's verifier.
 */
export function scoreResponses({
  rollout,
  items,
  values,
  config,
  verdicts,
}: {
  rollout: Rollout
  items: readonly Item[]
  values: readonly ItemValue[]
  config: ScoreConfig
  verdicts?: readonly Verdict[] | undefined
}): RewardRecord[] {
  const itemOfResponse = itemsOf(rollout, items)
  const valueOfItem = new Map(values.map(value => [value.itemId, value.value]))
  const mean = config.reward.scale === 'uniform' ? uniformScale(values, config.reward) : undefined

  const records = rollout.responses.map((response, index): RewardRecord => {
    const item = itemOfResponse[index]
    const value = valueOfItem.get(response.itemId)
    if (item === undefined || value === undefined) throw unknownItem(rollout, response)
    const verdict = verdicts?.[index] ?? verify({ response, item, reward: config.reward })
    const scale = scaleOf({ value, reward: config.reward, uniformScale: mean })
    const reward = rewardOf({ verdict, scale, penalty: klPenalty(response, config), site: config.value.site })
    return {
      itemId: response.itemId,
      sample: response.sample,
      verdict,
      value,
      scale,
      reward,
      advantage: 0,
      length: response.tokens.length,
    }
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

/** The item that each response answers, in the order of the responses. Throws DataInvalid for one that the run does not have. */
export function itemsOf(rollout: Rollout, items: readonly Item[]): Item[] {
  const known = new Map(items.map(item => [item.id, item]))
  return rollout.responses.map(response => {
    const item = known.get(response.itemId)
    if (item === undefined) throw unknownItem(rollout, response)
    return item
  })
}

/** r(x, y) of eq. 3, less the KL penalty where it acts in the reward; 0 when unscored. */
export function rewardOf({
  verdict,
  scale,
  penalty,
  site,
}: {
  verdict: RewardRecord['verdict']
  scale: number
  penalty: number
  site: ExperimentConfig['value']['site']
}): number {
  if (verdict === 'unscored') return 0
  const correct = verdict === 'correct' ? 1 : 0
  return (site === 'reward' ? scale : 1) * correct - penalty
}

/** Consecutive records of the same prompt, in order: the samples that are compared with each other. */
export function groupRecords<R extends Pick<RewardRecord, 'itemId' | 'sample'>>(records: readonly R[]): R[][] {
  const groups: R[][] = []
  for (const record of records) {
    // A prompt can come twice in a row when the items are few: its samples start again at 0.
    const last = groups.at(-1)
    if (last === undefined || last[0]?.itemId !== record.itemId || record.sample === 0) groups.push([record])
    else last.push(record)
  }
  return groups
}

/** coefficient * KL estimate summed over the response's tokens, in nats; 0 unless the KL acts in the reward. */
function klPenalty(response: Response, { kl }: ScoreConfig): number {
  if (kl.place !== 'reward' || kl.coefficient === 0) return 0
  return kl.coefficient * klOfResponse(response)[kl.estimator]
}

function unknownItem(rollout: Rollout, response: Response): RlevError {
  return new RlevError({
    kind: 'DataInvalid',
    message: 'a response answers an item that the run does not have',
    place: `rollout of step ${rollout.step}`,
    expected: 'an item and its value among the training items',
    found: JSON.stringify(response.itemId),
    remedy: 'check that the rollout and the values come from the same data',
  })
}
