/**
 * The reward of a response, r(x, y) = s(x) 1_correct(y) (eq. 3), kept beside what it is made of: verdict, value and scale. A credit in
 * [-1, 1] takes the place of 1_correct(y), which it equals unless parts of points are given or points deducted. The paper has the scale
 * in the reward only; `value.site` can move it onto the advantage or the loss, and the reward is then the credit.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { RlevError } from '../errors.js'
import type { Response, Rollout } from '../rollout/response.js'
import type { ItemValue } from '../values/value.js'
import { creditOf, type KeptMark, keptMark, type Mark } from './mark.js'
import { scaleOf, uniformScale } from './scales.js'
import { verify } from './verify.js'

/** Of one response. */
export interface Reward extends KeptMark {
  itemId: string
  sample: number
  /** v(x) as the arm's reward sees it: that of another item in the shuffled arm. */
  value: number
  /** s(x), the factor of the credit. */
  scale: number
  /** 0 if unscored. */
  reward: number
  /** Response tokens. */
  length: number
}

export type RewardConfig = Pick<ExperimentConfig, 'reward'> & { value: Pick<ExperimentConfig['value'], 'site'> }

/** r(x, y) = s(x) credit(y), which is s(x) 1_correct(y) (eq. 3) for credits of 1 and 0; 0 for an unscored response. */
export function rewardOf({ scale, ...mark }: KeptMark & Pick<Reward, 'scale'>): number {
  return scale * creditOf(mark)
}

/**
 * One reward a response, in the order of the rollout.
 * @param values of all training items, as the arm's reward sees them; the uniform scale is a mean over them.
 * @param marks in the order of the responses; without them the config's verifier decides.
 * @throws RlevError DataInvalid if a response answers an item that the run does not have.
 */
export function rewardsOf({
  rollout,
  items,
  values,
  config,
  marks,
}: {
  rollout: Rollout
  items: readonly Item[]
  values: readonly ItemValue[]
  config: RewardConfig
  marks?: readonly Mark[] | undefined
}): Reward[] {
  const itemOfResponse = itemsOf(rollout, items)
  const valueOfItem = new Map(values.map(({ itemId, value }) => [itemId, value]))
  const mean = config.reward.scale === 'uniform' ? uniformScale(values, config.reward) : undefined
  return rollout.responses.map((response, index): Reward => {
    const item = itemOfResponse[index]
    const value = valueOfItem.get(response.itemId)
    if (item === undefined || value === undefined) throw unknownItem(rollout, response)
    const mark = marks?.[index] ?? verify({ response, item, reward: config.reward })
    const scale = scaleOf({ value, reward: config.reward, uniformScale: mean })
    const reward = rewardOf({ ...mark, scale: config.value.site === 'reward' ? scale : 1 })
    const { itemId, sample, tokens } = response
    return { itemId, sample, ...keptMark(mark), value, scale, reward, length: tokens.length }
  })
}

/**
 * The item that each response answers, in the order of the responses.
 * @throws RlevError DataInvalid for one that the run does not have.
 */
export function itemsOf(rollout: Rollout, items: readonly Item[]): Item[] {
  const known = new Map(items.map(item => [item.id, item]))
  return rollout.responses.map(response => {
    const item = known.get(response.itemId)
    if (item === undefined) throw unknownItem(rollout, response)
    return item
  })
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
