/** Which items a step trains on: an endless series of passes over the training items, each pass a permutation of its own. */
import type { Item } from '../data/item.js'
import { stream } from '../random.js'

/** `prompts` items of step 1, 2, ...: places (step - 1) * prompts onwards of the series. Depends on nothing else. */
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
    const place = (step - 1) * prompts + index
    const pass = Math.floor(place / items.length)
    const order = passes.get(pass) ?? permutation(items.length, pass)
    passes.set(pass, order)
    return items[order[place % items.length] as number] as Item
  })
}
