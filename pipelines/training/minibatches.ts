/**
 * The updates of a step: in every epoch the step's prompts are shuffled and cut into minibatches, each with one
 * optimizer step. All responses to a prompt stay together, in the order of the rollout. The shuffle is a function of
 * seed, step and epoch, so a step that is made again is cut in the same way.
 */
import { stream } from '../random.js'

export interface Minibatches {
  /** Prompts of the step. */
  prompts: number
  minibatches: number
  epochs: number
  seed: number
  step: number
}

/** Positions of the prompts of each update, in ascending order. The sizes of the minibatches differ by 1 at most. */
export function minibatchesOf({ prompts, minibatches, epochs, seed, step }: Minibatches): number[][] {
  const { permutation } = stream(seed, 'minibatches')
  const parts = Math.min(minibatches, prompts)
  const cut = (part: number) => Math.round((part * prompts) / parts)
  return Array.from({ length: epochs }, (_, epoch) => {
    const order = permutation(prompts, (step - 1) * epochs + epoch)
    return Array.from({ length: parts }, (__, part) => order.slice(cut(part), cut(part + 1)).toSorted((a, b) => a - b))
  }).flat()
}

/** Positions of the responses of each prompt. A prompt that comes twice in a row begins again with sample 0. */
export function groupsOf(responses: readonly { itemId: string; sample: number }[]): number[][] {
  const groups: number[][] = []
  for (const [index, { itemId, sample }] of responses.entries()) {
    const before = responses[index - 1]
    if (before === undefined || before.itemId !== itemId || sample === 0) groups.push([index])
    else groups.at(-1)?.push(index)
  }
  return groups
}
