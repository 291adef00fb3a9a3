/**
 * The host's side of the store of prompts: which rows' prompts are in it, and where. Rows are admitted in their
 * order, so the prompts of the next rows are read together, block by block.
 *
 * Shapes: Q prompts in the store, P columns of a prompt's part, G samples that share a prompt.
 */

import { tf } from '../graph/tensorflow.js'
import type { Decoding } from './decoding.js'
import type { DecodingShape } from './decoding-caches.js'

type Prompt = readonly number[]

interface StoredPromptsOptions {
  /** By row. */
  prompts: readonly Prompt[]
  decoding: Decoding
  shape: Pick<DecodingShape, 'stored' | 'prefix' | 'samples'>
  padId: number
}

export class StoredPrompts {
  readonly #options: StoredPromptsOptions
  #from = 0
  /** Index in the store, for rows from `#from` on. */
  #indices: number[] = []

  constructor(options: StoredPromptsOptions) {
    this.#options = options
  }

  holds(row: number): boolean {
    return row < this.#from + this.#indices.length
  }

  /** Index in the store of a row's prompt, which the store holds. */
  indexOf(row: number): number {
    return this.#indices[row - this.#from] as number
  }

  /** Reads prompts of rows from `from` on, without their last tokens, until the store is full. */
  read(from: number): void {
    const { prompts, decoding, padId } = this.#options
    const { stored, prefix } = this.#options.shape
    const ids = new Int32Array(stored * prefix).fill(padId)
    this.#from = from
    this.#indices = []
    let index = -1
    for (let row = from; row < prompts.length; row++) {
      if (row === from || this.#beginsAnother(row)) {
        if (index + 1 === stored) break
        index++
        ids.set((prompts[row] as Prompt).slice(0, -1), index * prefix)
      }
      this.#indices.push(index)
    }
    const tensor = tf.tensor2d(ids, [stored, prefix], 'int32')
    tf.dispose([...decoding.caches.readPrompts()(tensor), tensor])
  }

  #beginsAnother(row: number): boolean {
    const { prompts, shape } = this.#options
    if (shape.samples > 1) return row % shape.samples === 0
    return !samePrompt(prompts[row] as Prompt, prompts[row - 1] as Prompt)
  }
}

export const samePrompt = (a: Prompt, b: Prompt): boolean =>
  a === b || (a.length === b.length && a.every((token, index) => token === b[index]))
