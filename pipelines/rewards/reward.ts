/**
 * The reward of a response, r(x, y) = s(x) 1_correct(y) (eq. 3), kept beside what it is made of: verdict, value and scale. The paper has
 * the scale in the reward only; `value.site` can move it onto the advantage or the loss, and the reward is then 1_correct(y).
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { RlevError } from '../errors.js'
import type { Response, Rollout } from '../rollout/response.js'
import type { ItemValue } from '../values/value.js'
import { scaleOf, uniformScale } from './scales.js'
import type { Verdict } from './verdict.js'
import { verify } from './verify.js'

/** Of one response. */
export interface Reward {
  itemId: string
  sample: number
  verdict: Verdict
  /** v(x) as the arm's reward sees it: that of another item in the shuffled arm. */
  value: number
  /** s(x), the factor of a correct answer. */
  scale: number
  /** 0 if unscored. */
  reward: number
  /** Response tokens. */
  length: number
}

export type RewardConfig = Pick<ExperimentConfig, 'reward'> & { value: Pick<ExperimentConfig['value'], 'site'> }

/** r(x, y) = s(x) 1_correct(y) (eq. 3); 0 for a response that is wrong or unscored. */
export function rewardOf({ verdict, scale }: Pick<Reward, 'verdict' | 'scale'>): number {
  return verdict === 'correct' ? scale : 0
}

/**
 * One reward a response, in the order of the rollout.
 * @param values of all training items, as the arm's reward sees them; the uniform scale is a mean over them.
 * @param verdicts of a judge, in the order of the responses; without them the config's verifier decides.
 * @throws RlevError DataInvalid if a response answers an item that the run does not have.
 */
export function rewardsOf({
  rollout,
  items,
  values,
  config,
  verdicts,
}: {
  rollout: Rollout
  items: readonly Item[]
  values: readonly ItemValue[]
  config: RewardConfig
  verdicts?: readonly Verdict[] | undefined
}): Reward[] {
  const itemOfResponse = itemsOf(rollout, items)
  const valueOfItem = new Map(values.map(({ itemId, value }) => [itemId, value]))
  const mean = config.reward.scale === 'uniform' ? uniformScale(values, config.reward) : undefined
  return rollout.responses.map((response, index): Reward => {
    const item = itemOfResponse[index]
    const value = valueOfItem.get(response.itemId)
    if (item === undefined || value === undefined) throw unknownItem(rollout, response)
    const verdict = verdicts?.[index] ?? verify({ response, item, reward: config.reward })
    const scale = scaleOf({ value, reward: config.reward, uniformScale: mean })
    const reward = rewardOf({ verdict, scale: config.value.site === 'reward' ? scale : 1 })
    const { itemId, sample, tokens } = response
    return { itemId, sample, verdict, value, scale, reward, length: tokens.length }
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
