/**
 * Sequences of unequal length as one batch. Prompts are padded on the left, so that responses start at one column, and
 * positions count real tokens only: a row's numbers do not depend on how long its neighbours are, nor on dummy rows.
 *
 * Shapes: B rows, P padded prompt length, T columns in all.
 */
import type { Architecture } from './architecture.js'
import { makePlaces, type Places } from './decoder.js'
import { type Tensor, tf } from './tensorflow.js'

/** Prompt lengths are rounded up to a multiple of this, to keep the number of different shapes small. */
const LENGTH_STEP = 8

export const paddedLength = (longest: number): number =>
  Math.max(LENGTH_STEP, Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP)

export interface PromptBatch {
  /** [B, P], int32. */
  ids: Tensor
  /** For the prompt's own tokens. */
  places: Places
  /** Padding on the left of each row. */
  padding: number[]
  length: number
}

export function promptBatch({
  prompts,
  padId,
  architecture,
  length,
}: {
  prompts: readonly (readonly number[])[]
  padId: number
  architecture: Architecture
  length: number
}): PromptBatch {
  const ids = new Int32Array(prompts.length * length).fill(padId)
  const padding = prompts.map(prompt => length - prompt.length)
  prompts.forEach((prompt, row) => {
    ids.set(prompt, row * length + (padding[row] as number))
  })
  return {
    ids: tf.tensor2d(ids, [prompts.length, length], 'int32'),
    places: placesOfColumns({ architecture, padding, from: 0, to: length }),
    padding,
    length,
  }
}

/** Places of the columns `from` up to `to`, which may look at every real column up to their own. */
export function placesOfColumns({
  architecture,
  padding,
  from,
  to,
}: {
  architecture: Architecture
  padding: readonly number[]
  from: number
  to: number
}): Places {
  const columns = Array.from({ length: to - from }, (_, index) => from + index)
  return makePlaces({
    architecture,
    positions: padding.map(left => columns.map(column => Math.max(0, column - left))),
    keys: to,
    // A padding column looks at itself, so that its softmax has something to weigh; nobody reads it.
    visible: (row, query, key) => {
      const column = from + query
      return key <= column && (key >= (padding[row] as number) || key === column)
    },
  })
}
