/**
 * The caches of decoding. Prompts are read once into a store. In the shared layout, G neighbouring slots are
 * the samples of one prompt: they read the store, and cache only their responses. In the other layout, each
 * slot has a copy of its prompt before its response. Caches grow in buckets. Once no row waits, the number of
 * slots is halved as rows end; shared slots then get copies of their prompts. Lanes are parallel branches, each
 * with its share of the slots and of the store.
 *
 * Shapes: R slots, r of a lane, Q prompts in the store, G neighbouring slots of a prompt, P columns of a
 * prompt's part, S columns of the response, starting with the prompt's last token, K key/value heads, E head
 * width.
 */

import type { Engine } from '../engine/engine.js'
import { shareOf, wholeOf } from '../engine/response-inputs.js'
import { freshZeros, overwriteRows, rowsOf } from '../graph/kernels.js'
import type { Program } from '../graph/session.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Variable } from '../graph/variable.js'
import type { LayerCache } from '../model/attention.js'
import { readPrompts } from '../model/forward.js'
import { SamplingWeights } from './sampling-weights.js'

/** Numbers that decide the shapes of the caches. */
export interface DecodingShape {
  /** Initial R, a multiple of the lanes. */
  slots: number
  /** Q, a multiple of the lanes. */
  stored: number
  /** G for an initially shared layout, with R = Q G; 1 if each slot has its own copy of a prompt. */
  samples: number
  /** P */
  prefix: number
  /** Slots of a lane that one call fills, unless it fills them all. */
  admitted: number
  /** U, tokens drawn in a call. */
  tokens: number
}

/** Current layout of the caches. */
export interface Layout {
  slots: number
  /** S */
  columns: number
  shared: boolean
}

/** A layer's caches, of the store or of a lane. */
interface LayerVariables {
  keys: Variable
  values: Variable
}

export class DecodingCaches {
  readonly #engine: Engine
  readonly #shape: DecodingShape
  readonly #store: readonly LayerVariables[]
  /** By lane. */
  readonly #slots: readonly (readonly LayerVariables[])[]

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
    this.#slots = Array.from({ length: settings.lanes }, (_, lane) => perLayer(`lane ${lane}`))
  }

  /** Allocates the caches. */
  allocate(layout: Layout): Program {
    return this.program(`allocate ${nameOf(layout)}`, [], () => {
      this.#change(() => freshZeros(this.#cacheShape(layout), 'float32'))
      return []
    })
  }

  /** Grows the caches to `to` columns. */
  grow(layout: Layout, to: number): Program {
    return this.program(`grow ${nameOf(layout)} ${to}`, [], () => {
      const whole = this.#cacheShape(layout)
      const axis = whole.length - 2
      const more = freshZeros([...whole.slice(0, axis), to - layout.columns, whole.at(-1) as number], 'float32')
      this.#change(cache => tf.concat([cache.read(whole), more], axis))
      return []
    })
  }

  /**
   * Goes on with `to` slots, each with its own copy of its prompt. Input [to]: lane by lane, the slot of the
   * lane that each new slot copies.
   */
  narrow(layout: Layout, to: number): Program {
    return this.program(`narrow ${nameOf(layout)} ${to}`, [{ shape: [to], type: 'int32' }], copied => {
      const { lanes } = this.#engine.settings
      const own = Array.from({ length: lanes }, (_, lane) => shareOf(copied as Tensor, lane, lanes))
      this.#change((cache, lane, store) => {
        const kept = own[lane] as Tensor
        const before = cache.read(this.#cacheShape(layout))
        if (!layout.shared) return rowsOf(before, kept)
        const { samples } = this.#shape
        const [prompts, heads, , columns, width] = before.shape as [number, number, number, number, number]
        const responses = before.transpose([0, 2, 1, 3, 4]).reshape([prompts * samples, heads, columns, width])
        const prompt = rowsOf(this.#stored(store, lane), kept.floorDiv(tf.scalar(samples, 'int32')))
        return tf.concat([prompt, rowsOf(responses, kept)], 2)
      })
      return []
    })
  }

  /** Reads prompts into the store. Input: ids [Q, P]. */
  readPrompts(): Program {
    const { stored, prefix } = this.#shape
    return this.program('read prompts', [{ shape: [stored, prefix], type: 'int32' }], ids => {
      const { lanes } = this.#engine.settings
      const decoder = this.#engine.part(SamplingWeights).decoder()
      const shares = Array.from({ length: lanes }, (_, lane) =>
        readPrompts(decoder, shareOf(ids as Tensor, lane, lanes)),
      )
      for (const [index, { keys, values }] of this.#store.entries()) {
        const ofLayer = shares.map(layers => layers[index] as LayerCache)
        const whole = (part: 'keys' | 'values') =>
          wholeOf(
            ofLayer.map(cache => cache[part]),
            0,
          )
        keys.assign(whole('keys'))
        values.assign(whole('values'))
      }
      return []
    })
  }

  /**
   * Copies prompts from the store into slots of a lane. Not for the shared layout. Inputs: slots of the lane
   * and rows of the store, [rows] each.
   */
  admit(layout: Layout, { lane, rows }: { lane: number; rows: number }): Program {
    const { stored, prefix } = this.#shape
    const { keyValueHeads, headWidth } = this.#engine.architecture
    const pairs = { shape: [rows], type: 'int32' } as const
    return this.program(`admit ${nameOf(layout)} ${lane} ${rows}`, [pairs, pairs], (slots, storeRows) => {
      const whole = this.#cacheShape(layout)
      const size = keyValueHeads * (prefix + layout.columns) * headWidth
      // Allocated in each run: a constant of this size would be in the graph for each layer.
      const rest = freshZeros([rows, keyValueHeads, layout.columns, headWidth], 'float32')
      const copy = (from: Variable, to: Variable) => {
        const prompts = rowsOf(from.read([stored, keyValueHeads, prefix, headWidth]), storeRows as Tensor)
        const table = to.read(whole).reshape([whole[0] as number, size])
        const changed = overwriteRows(table, slots as Tensor, tf.concat([prompts, rest], 2).reshape([rows, size]))
        to.assign(changed.reshape(whole))
      }
      for (const [index, { keys, values }] of (this.#slots[lane] ?? []).entries()) {
        const store = this.#store[index] as LayerVariables
        copy(store.keys, keys)
        copy(store.values, values)
      }
      return []
    })
  }

  /** In a program: a lane's caches by layer, [r, K, P + S, E] or shared [Q / lanes, K, G, S, E], as rows of E. */
  cachesOf(layout: Layout, lane: number): LayerCache[] {
    const shape = this.#cacheShape(layout)
    const rows = (variable: Variable) => variable.read(shape).reshape([-1, shape.at(-1) as number]) as Tensor
    return (this.#slots[lane] ?? []).map(({ keys, values }) => ({ keys: rows(keys), values: rows(values) }))
  }

  /** In a program: a lane's share of the store by layer, [Q / lanes, K, P, E], as [Q / lanes K, P, E]. */
  promptsOf(lane: number): LayerCache[] {
    const { prefix } = this.#shape
    const byHead = (variable: Variable) => {
      const stored = this.#stored(variable, lane)
      return stored.reshape([-1, prefix, stored.shape[3] as number]) as Tensor
    }
    return this.#store.map(({ keys, values }) => ({ keys: byHead(keys), values: byHead(values) }))
  }

  /** r */
  rowsOfLane(slots: number): number {
    return slots / this.#engine.settings.lanes
  }

  /** The program of that name for caches of this shape. The first call compiles it. */
  program(
    name: string,
    inputs: readonly { shape: readonly number[]; type?: 'int32' }[],
    run: (...inputs: Tensor[]) => readonly Tensor[],
  ): Program {
    const whole = `${name} ${JSON.stringify(this.#shape)}`
    return this.#engine.program(whole, () => this.#engine.session.compile({ name: whole, inputs, run }))
  }

  #cacheShape({ slots, columns, shared }: Layout): number[] {
    const { keyValueHeads, headWidth } = this.#engine.architecture
    const { samples, prefix } = this.#shape
    const rows = this.rowsOfLane(slots)
    return shared
      ? [rows / samples, keyValueHeads, samples, columns, headWidth]
      : [rows, keyValueHeads, prefix + columns, headWidth]
  }

  #stored(variable: Variable, lane: number): Tensor {
    const { keyValueHeads, headWidth } = this.#engine.architecture
    const { stored, prefix } = this.#shape
    return shareOf(variable.read([stored, keyValueHeads, prefix, headWidth]), lane, this.#engine.settings.lanes)
  }

  /** Assigns to every cache what `made` returns for it and its layer's part of the store. */
  #change(made: (cache: Variable, lane: number, store: Variable) => Tensor): void {
    for (const [lane, layers] of this.#slots.entries()) {
      for (const [index, { keys, values }] of layers.entries()) {
        const store = this.#store[index] as LayerVariables
        keys.assign(made(keys, lane, store.keys))
        values.assign(made(values, lane, store.values))
      }
    }
  }
}

export const nameOf = ({ slots, columns, shared }: Layout): string => `${slots} ${columns}${shared ? ' shared' : ''}`
