/**
 * The host's side of the store of read prompts: which rows' prompts are in it, and where. Rows are admitted in their order, so the
 * prompts that wait lie together and are read block by block.
 *
 * Shapes: Q prompts in the store, P columns of a prompt's part, G samples that share a place.
 */

import { tf } from '../graph/tensorflow.js'
import type { Decoding } from './decoding.js'
import type { DecodingShape } from './decoding-caches.js'

type Prompt = readonly number[]

export interface StoredPromptsOptions {
  /** By row. */
  prompts: readonly Prompt[]
  decoding: Decoding
  shape: Pick<DecodingShape, 'stored' | 'prefix' | 'samples'>
  padId: number
}

export class StoredPrompts {
  readonly #options: StoredPromptsOptions
  #from = 0
  /** Of rows from `#from` on. */
  #places: number[] = []

  constructor(options: StoredPromptsOptions) {
    this.#options = options
  }

  holds(row: number): boolean {
    return row < this.#from + this.#places.length
  }

  /** Place in the store of the prompt of a row that it holds. */
  placeOf(row: number): number {
    return this.#places[row - this.#from] as number
  }

  /** Reads the prompts of the rows from this one on, as many as the store holds, but for each one's last token. */
  read(from: number): void {
    const { prompts, decoding, padId } = this.#options
    const { stored, prefix } = this.#options.shape
    const ids = new Int32Array(stored * prefix).fill(padId)
    this.#from = from
    this.#places = []
    let place = -1
    for (let row = from; row < prompts.length; row++) {
      if (row === from || this.#beginsAnother(row)) {
        if (place + 1 === stored) break
        place++
        ids.set((prompts[row] as Prompt).slice(0, -1), place * prefix)
      }
      this.#places.push(place)
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
