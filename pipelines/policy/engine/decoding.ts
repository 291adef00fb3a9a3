/**
 * Programs that draw tokens in all slots of the caches at once, a few a call, in a loop on the device; lanes are parallel branches
 * of it.
 *
 * Shapes: R slots, r of a lane, S columns of a cache, U tokens a call, K key/value heads, E head width, V vocabulary.
 */
import { afterAttention, type Decoder, logitsOf, queriesKeysValues } from '../decoder.js'
import { draw, type Sharpening } from '../draw.js'
import { anglesAt } from '../forward.js'
import { loop } from '../graph/loop.js'
import type { Program } from '../graph/session.js'
import { freshZeros, overwriteRows, rowsOf, select, smallProducts } from '../kernels.js'
import { type AngleTable, angleTable } from '../rotary-angles.js'
import { endingTokens, neverDrawn } from '../special-tokens.js'
import { type Tensor, tf } from '../tensorflow.js'
import { DecodingCaches, type DecodingShape } from './decoding-caches.js'
import type { Engine } from './engine.js'
import { shareOf, wholeOf } from './response-inputs.js'

export interface DrawingKind extends Sharpening {
  /** Whether rows are sampled, take their likeliest tokens, or some the one and some the other. */
  rows: 'sampled' | 'greedy' | 'mixed'
  eosProbabilities: boolean
}

/** Numbers of a position of a row, in the order in which a call gives them. */
export const seenOf = ({ eosProbabilities }: DrawingKind): number => (eosProbabilities ? 3 : 2)

/** One turn's state of a lane. */
interface Turn {
  turn: Tensor
  tokens: Tensor
  positions: Tensor
  left: Tensor
  ids: Tensor
  seen: Tensor
}

export class Decoding {
  readonly caches: DecodingCaches
  readonly #engine: Engine
  readonly #shape: DecodingShape

  static of(engine: Engine, shape: DecodingShape): Decoding {
    return engine.part(`decoding ${JSON.stringify(shape)}`, () => new Decoding(engine, shape))
  }

  private constructor(engine: Engine, shape: DecodingShape) {
    this.caches = new DecodingCaches(engine, shape)
    this.#engine = engine
    this.#shape = shape
  }

  /** Compiles what decoding with caches of these sizes, on these numbers of slots, the largest first, needs before the first of it runs. */
  prepare({ sizes, widths, kind }: { sizes: readonly number[]; widths: readonly number[]; kind: DrawingKind }): void {
    const { caches } = this
    caches.readPrompts()
    caches.allocate(sizes[0] as number)
    for (const [index, columns] of sizes.entries()) {
      for (const lane of caches.slots.keys()) {
        for (const rows of new Set([this.#shape.admitted, caches.rowsOfLane(this.#shape.slots)])) {
          caches.admit({ lane, columns, rows })
        }
      }
      for (const [narrower, slots] of widths.entries()) {
        if (index > 0) caches.grow({ slots, from: sizes[index - 1] as number, to: columns })
        if (narrower > 0) caches.narrow({ columns, from: widths[narrower - 1] as number, to: slots })
        this.draw({ slots, columns, kind })
      }
    }
  }

  /**
   * Draws up to U tokens in every slot; stops when no slot is open. Inputs, [R] int32: the token to go on from, its column, and
   * how many tokens may still be drawn (0: the slot is idle); and, unless all are greedy, uniform numbers [U, R, 1], below 0 in
   * greedy rows. Outputs: ids [U, R] and what was seen [U, seen R]; what lies behind a row's end is of no meaning.
   */
  draw({ slots, columns, kind }: { slots: number; columns: number; kind: DrawingKind }): Program {
    const { tokens } = this.#shape
    const row = { shape: [slots], type: 'int32' } as const
    const uniforms = kind.rows === 'greedy' ? [] : [{ shape: [tokens, slots, 1] }]
    return this.caches.program(
      `draw ${slots} ${columns} ${JSON.stringify(kind)}`,
      [row, row, row, ...uniforms],
      (...inputs) => {
        const decoder = this.#engine.mergedDecoder()
        const table = angleTable(this.#engine.architecture, columns)
        const lanes = this.caches.slots.map((_, lane) =>
          this.#drawLane({ decoder, table, slots, columns, kind, lane, inputs }),
        )
        return [0, 1].map(output =>
          wholeOf(
            lanes.map(lane => lane[output] as Tensor),
            1,
          ),
        )
      },
    )
  }

  #drawLane({
    decoder,
    table,
    slots,
    columns,
    kind,
    lane,
    inputs,
  }: {
    decoder: Decoder
    table: AngleTable
    slots: number
    columns: number
    kind: DrawingKind
    lane: number
    inputs: readonly Tensor[]
  }): [Tensor, Tensor] {
    const { lanes } = this.#engine.settings
    const { vocabulary } = this.#engine.architecture
    const { tokens: most } = this.#shape
    const rows = this.caches.rowsOfLane(slots)
    const [tokens, positions, left] = inputs.slice(0, 3).map(input => shareOf(input, lane, lanes)) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    const uniforms = inputs[3] === undefined ? null : inputs[3].slice([0, lane * rows, 0], [most, rows, 1])
    const bias = neverDrawn(this.#engine.tokens, vocabulary)
    const eosTokens = kind.eosProbabilities ? endingTokens(this.#engine.tokens, vocabulary) : null
    const caches = (this.caches.slots[lane] ?? []).flatMap(({ keys, values }) => [
      keys.read(this.caches.cacheShape(slots, columns)),
      values.read(this.caches.cacheShape(slots, columns)),
    ])
    const seenSize = seenOf(kind) * rows
    const one = tf.scalar(1, 'int32')
    const last = tf.scalar(columns - 1, 'int32')
    const step = ({ turn, tokens: now, positions: at, left: open, ids, seen }: Turn, before: readonly Tensor[]) => {
      const { hidden, caches: after } = this.#oneToken({
        decoder,
        table,
        tokens: now,
        positions: at,
        columns,
        caches: before,
      })
      const numbers = uniforms === null ? null : rowsOf(uniforms, turn)
      const mixed = kind.rows === 'mixed'
      const drawn = draw({ ...kind, logits: logitsOf(decoder, hidden, bias), uniforms: numbers, mixed, eosTokens })
      const ended = this.#isEos(drawn.ids)
      const parts = [drawn.logProb, drawn.entropy, ...(drawn.eosProbability === null ? [] : [drawn.eosProbability])]
      const place = turn.reshape([1])
      return [
        turn.add(one),
        drawn.ids,
        // A row that has ended stays in its own columns, whatever it writes there.
        tf.minimum(at.add(one) as never, last as never),
        select(ended, tf.zerosLike(open), open),
        overwriteRows(ids, place, drawn.ids.reshape([1, rows])),
        overwriteRows(seen, place, tf.concat(parts).reshape([1, seenSize])),
        ...after,
      ]
    }
    const start = [tf.scalar(0, 'int32'), tokens, positions, left]
    const [, , , , ids, seen, ...after] = loop({
      state: [...start, freshZeros([most, rows], 'int32'), freshZeros([most, seenSize], 'float32'), ...caches],
      goesOn: (turn, _tokens, _positions, open) =>
        tf.logicalAnd((turn as Tensor).less(tf.scalar(most, 'int32')), (open as Tensor).greater(turn as Tensor).any()),
      body: (...state) => {
        const [turn, now, at, open, drawnIds, drawnSeen, ...before] = state as [
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          ...Tensor[],
        ]
        return step({ turn, tokens: now, positions: at, left: open, ids: drawnIds, seen: drawnSeen }, before)
      },
    })
    for (const [index, { keys, values }] of (this.caches.slots[lane] ?? []).entries()) {
      keys.assign(after[2 * index] as Tensor)
      values.assign(after[2 * index + 1] as Tensor)
    }
    return [ids as Tensor, seen as Tensor]
  }

  /** Hidden states [r, D] of one token a slot, its keys and values written into the caches in place. */
  #oneToken({
    decoder,
    table,
    tokens,
    positions,
    columns,
    caches,
  }: {
    decoder: Decoder
    table: AngleTable
    tokens: Tensor
    positions: Tensor
    columns: number
    caches: readonly Tensor[]
  }): { hidden: Tensor; caches: Tensor[] } {
    const { heads, keyValueHeads, headWidth } = decoder.architecture
    const rows = tokens.shape[0] as number
    const angles = anglesAt(table, positions, decoder)
    const column = positions.reshape([rows, 1])
    const visible = tf.range(0, columns, 1, 'int32').reshape([1, columns]).lessEqual(column)
    const mask = select(visible, tf.scalar(0), tf.scalar(-1e9)).reshape([rows, 1, 1, columns])
    // Row of the cache, seen as [r K S, E], that each head of each slot writes.
    const starts = tf.range(0, rows * keyValueHeads, 1, 'int32').mul(tf.scalar(columns, 'int32'))
    const places = starts.reshape([rows, keyValueHeads]).add(column).reshape([-1])
    const written = (cache: Tensor, fresh: Tensor) =>
      overwriteRows(cache.reshape([-1, headWidth]), places, fresh.reshape([-1, headWidth])).reshape(cache.shape)
    const after: Tensor[] = []
    let x = rowsOf(decoder.embedding, tokens)
    for (const [index, layer] of decoder.layers.entries()) {
      const fresh = queriesKeysValues(decoder, layer, x, angles)
      const keys = written(caches[2 * index] as Tensor, fresh.keys)
      const values = written(caches[2 * index + 1] as Tensor, fresh.values)
      after.push(keys, values)
      const asked = fresh.queries.reshape([rows, keyValueHeads, heads / keyValueHeads, headWidth])
      const weights = tf.softmax(smallProducts(asked, keys, { transposeB: true }).add(mask))
      x = afterAttention(decoder, layer, x, smallProducts(weights, values).reshape([rows, heads * headWidth]))
    }
    return { hidden: x, caches: after }
  }

  #isEos(ids: Tensor): Tensor {
    const [first, ...others] = this.#engine.tokens.eosIds.map(id => ids.equal(tf.scalar(id, 'int32')))
    return others.reduce((any, one) => tf.logicalOr(any, one), first as Tensor)
  }
}
