/**
 * EOS trajectories (figure 2 of the paper): mean P(EOS) at each response position, over the items with the highest and with the
 * lowest values. A position is averaged over the responses that reach it, which are few at late positions; `reached` is their number.
 */
import type { EosTrajectory } from './evaluation.js'

export const EOS_GROUP = 200

/**
 * The top and bottom `size` items by value (half of the items each if there are fewer than 2 `size`); items of one value keep their
 * order. `probabilities[t]`: P(EOS) before token t of the item's response was drawn.
 */
export function eosTrajectories(
  items: readonly { value: number; probabilities: readonly number[] }[],
  size = EOS_GROUP,
): EosTrajectory[] {
  const ordered = items.toSorted((a, b) => b.value - a.value)
  const count = Math.min(size, Math.floor(items.length / 2))
  return [trajectory('top', ordered.slice(0, count)), trajectory('bottom', ordered.slice(ordered.length - count))]
}

function trajectory(
  group: EosTrajectory['group'],
  items: readonly { probabilities: readonly number[] }[],
): EosTrajectory {
  const longest = Math.max(0, ...items.map(item => item.probabilities.length))
  const probability: number[] = []
  const reached: number[] = []
  for (let position = 0; position < longest; position++) {
    const here = items.flatMap(item => item.probabilities[position] ?? [])
    probability.push(here.reduce((sum, value) => sum + value, 0) / here.length)
    reached.push(here.length)
  }
  return { group, items: items.length, probability, reached }
}
