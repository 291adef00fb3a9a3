/**
 * The paper's random weights: values permuted over the training set. The distribution stays, its meaning goes. Points and total
 * move with the value, so a record of the shuffled arm still satisfies v = points / total.
 */
import { stream } from '../random.js'
import type { ItemValue } from './value.js'

/** The same items in the same order, each with the value of an item drawn without replacement (an item may keep its own). */
export function shuffleValues(values: readonly ItemValue[], { seed }: { seed: number }): ItemValue[] {
  const order = stream(seed, 'shuffled values').permutation(values.length)
  return values.map(({ itemId }, index) => ({ ...(values[order[index] as number] as ItemValue), itemId }))
}
