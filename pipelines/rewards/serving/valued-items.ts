/** Items with what a correct answer to each is worth in an arm: the value that its reward sees, and the scale. */
import type { Item } from '../../data/item.js'
import type { ItemValue } from '../../values/value.js'
import { type ScaleConfig, scaleOf, uniformScale } from '../scales.js'

export interface ValuedItem {
  item: Item
  /** v(x) (eq. 2), or what an ablation puts in its place. */
  value: number
  /** s(x): the reward of a correct answer. */
  scale: number
}

export type ValuedSet = readonly ValuedItem[]

/** `values`: in the order of the items. `trained`: of all training items; the uniform scale is a mean over them. */
export function valuedSet({
  items,
  values,
  trained,
  reward,
}: {
  items: readonly Item[]
  values: readonly ItemValue[]
  trained: readonly ItemValue[]
  reward: ScaleConfig & { alpha: number; cap: number }
}): ValuedSet {
  const mean = reward.scale === 'uniform' ? uniformScale(trained, reward) : undefined
  return items.map((item, index) => {
    const { value } = values[index] as ItemValue
    return { item, value, scale: scaleOf({ value, reward, uniformScale: mean }) }
  })
}
