/** The items of a training step, from an endless series of passes over the training items. Each pass is a different permutation. */
import type { Item } from '../data/item.js'
import { stream } from '../random.js'

/** The items of step 1, 2, ...: `prompts` positions of the series from (step - 1) * prompts. Depends on nothing else. */
export function promptsOfStep({
  items,
  prompts,
  step,
  seed,
}: {
  items: readonly Item[]
  prompts: number
  /** From 1. */
  step: number
  seed: number
}): Item[] {
  const { permutation } = stream(seed, 'order of prompts')
  const passes = new Map<number, number[]>()
  return Array.from({ length: prompts }, (_, index) => {
    const position = (step - 1) * prompts + index
    const pass = Math.floor(position / items.length)
    const order = passes.get(pass) ?? permutation(items.length, pass)
    passes.set(pass, order)
    return items[order[position % items.length] as number] as Item
  })
}
