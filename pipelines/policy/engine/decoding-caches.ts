/**
 * The caches of decoding: prompts are read once into a store, and their keys and values copied to the slots of their samples. A
 * slot's cache grows in buckets; a row of it holds the row's tokens from column 0 on, so rows of different lengths need no
 * padding between. Where nothing waits any more, slots are halved as their rows end. Lanes are parallel branches, each with its share of the slots.
 *
 * Shapes: R slots, r of a lane, Q prompts in the store, P columns of a prompt's part, S columns of a cache, K key/value heads, E
 * head width.
 */
import type { LayerCache } from '../attention.js'
import { readPrompts } from '../forward.js'
import type { Program } from '../graph/session.js'
import type { Variable } from '../graph/variable.js'
import { freshZeros, overwriteRows, rowsOf } from '../kernels.js'
import { type Tensor, tf } from '../tensorflow.js'
import type { Engine } from './engine.js'
import { shareOf, wholeOf } from './response-inputs.js'

/** What decides the shapes of the caches. */
export interface DecodingShape {
  /** R at the beginning, a multiple of the lanes. */
  slots: number
  /** Q, a multiple of the lanes. */
  stored: number
  /** P */
  prefix: number
  /** Slots of a lane that are filled in one call, where not all of them are. */
  admitted: number
  /** U */
  tokens: number
}

/** A layer's, of the store or of a lane. */
export interface LayerVariables {
  keys: Variable
  values: Variable
}

export class DecodingCaches {
  readonly #engine: Engine
  readonly #shape: DecodingShape
  readonly #store: readonly LayerVariables[]
  /** By lane. */
  readonly slots: readonly (readonly LayerVariables[])[]

  constructor(engine: Engine, shape: DecodingShape) {
    const { session, architecture, settings } = engine
    const name = JSON.stringify(shape)
    const perLayer = (place: string): LayerVariables[] =>
      Array.from({ length: architecture.layers }, (_, layer) => ({
        keys: session.variable({ name: `${place} ${layer} keys ${name}`, shape: null }),
        values: session.variable({ name: `${place} ${layer} values ${name}`, shape: null }),
      }))
    this.#engine = engine
    this.#shape = shape
    this.#store = perLayer('store')
    this.slots = Array.from({ length: settings.lanes }, (_, lane) => perLayer(`lane ${lane}`))
  }

  /** Makes the caches, of S columns. */
  allocate(columns: number): Program {
    return this.program(`allocate ${columns}`, [], () => {
      this.#change(() => freshZeros(this.cacheShape(this.#shape.slots, columns), 'float32'))
      return []
    })
  }

  grow({ slots, from, to }: { slots: number; from: number; to: number }): Program {
    return this.program(`grow ${slots} ${from} ${to}`, [], () => {
      const more = freshZeros(this.cacheShape(slots, to - from), 'float32')
      this.#change(cache => tf.concat([cache.read(this.cacheShape(slots, from)), more], 2))
      return []
    })
  }

  /** Goes on with fewer slots. Input: for each slot of a lane, lane after lane, the one of the lane whose place it takes, [to]. */
  narrow({ columns, from, to }: { columns: number; from: number; to: number }): Program {
    return this.program(`narrow ${columns} ${from} ${to}`, [{ shape: [to], type: 'int32' }], places => {
      const { lanes } = this.#engine.settings
      this.#change((cache, lane) =>
        rowsOf(cache.read(this.cacheShape(from, columns)), shareOf(places as Tensor, lane, lanes)),
      )
      return []
    })
  }

  /** Reads prompts into the store. Input: ids [Q, P]. */
  readPrompts(): Program {
    const { stored, prefix } = this.#shape
    return this.program('read prompts', [{ shape: [stored, prefix], type: 'int32' }], ids => {
      const { lanes } = this.#engine.settings
      const decoder = this.#engine.mergedDecoder()
      const shares = Array.from({ length: lanes }, (_, lane) =>
        readPrompts(decoder, shareOf(ids as Tensor, lane, lanes)),
      )
      for (const [index, { keys, values }] of this.#store.entries()) {
        const ofLayer = shares.map(layers => layers[index] as LayerCache)
        keys.assign(
          wholeOf(
            ofLayer.map(cache => cache.keys),
            0,
          ),
        )
        values.assign(
          wholeOf(
            ofLayer.map(cache => cache.values),
            0,
          ),
        )
      }
      return []
    })
  }

  /** Copies prompts from the store into slots of a lane. Inputs: slots of the lane and places in the store, pairs, [rows]. */
  admit({ lane, columns, rows }: { lane: number; columns: number; rows: number }): Program {
    const { stored, prefix } = this.#shape
    const { keyValueHeads, headWidth } = this.#engine.architecture
    const pairs = { shape: [rows], type: 'int32' } as const
    return this.program(`admit ${lane} ${columns} ${rows}`, [pairs, pairs], (slots, places) => {
      const whole = this.cacheShape(this.#shape.slots, columns)
      const size = keyValueHeads * columns * headWidth
      const missing = columns - prefix
      // Made in each run: a constant of this size would lie in the graph once a layer.
      const rest = freshZeros([rows, keyValueHeads, missing, headWidth], 'float32')
      const copy = (from: Variable, to: Variable) => {
        const prompts = rowsOf(from.read([stored, keyValueHeads, prefix, headWidth]), places as Tensor)
        const filled = missing === 0 ? prompts : tf.concat([prompts, rest], 2)
        const table = to.read(whole).reshape([whole[0], size])
        const changed = overwriteRows(table, slots as Tensor, filled.reshape([rows, size]))
        to.assign(changed.reshape(whole))
      }
      for (const [index, { keys, values }] of (this.slots[lane] ?? []).entries()) {
        const store = this.#store[index] as LayerVariables
        copy(store.keys, keys)
        copy(store.values, values)
      }
      return []
    })
  }

  /** [r, K, S, E] */
  cacheShape(slots: number, columns: number): [number, number, number, number] {
    const { keyValueHeads, headWidth } = this.#engine.architecture
    return [this.rowsOfLane(slots), keyValueHeads, columns, headWidth]
  }

  /** r */
  rowsOfLane(slots: number): number {
    return slots / this.#engine.settings.lanes
  }

  /** The program of that name for caches of this shape, compiled where it is new. */
  program(
    name: string,
    inputs: readonly { shape: readonly number[]; type?: 'int32' }[],
    run: (...inputs: Tensor[]) => readonly Tensor[],
  ): Program {
    const whole = `${name} ${JSON.stringify(this.#shape)}`
    return this.#engine.program(whole, () => this.#engine.session.compile({ name: whole, inputs, run }))
  }

  /** Assigns to every cache what is made of it. */
  #change(made: (cache: Variable, lane: number) => Tensor): void {
    for (const [lane, layers] of this.slots.entries()) {
      for (const { keys, values } of layers) {
        keys.assign(made(keys, lane))
        values.assign(made(values, lane))
      }
    }
  }
}
