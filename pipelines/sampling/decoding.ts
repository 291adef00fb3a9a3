/**
 * Programs that draw tokens in all slots of the caches at once, a few a call, in a loop on the device; lanes are parallel branches
 * of it.
 *
 * Shapes: R slots, r of a lane, S columns of what a slot has said, U tokens a call, V vocabulary.
 */

import type { Engine } from '../engine/engine.js'
import { shareOf, wholeOf } from '../engine/response-inputs.js'
import { freshZeros, overwriteRows, rowsOf, select } from '../graph/kernels.js'
import { loop } from '../graph/loop.js'
import type { Program } from '../graph/session.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { LayerCache } from '../model/attention.js'
import { afterAttention, type Decoder, logitsOf, queriesKeysValues } from '../model/decoder.js'
import { type AngleTable, anglesAt, angleTable, turnedBy, turningMatrices } from '../model/rotary-angles.js'
import { endingTokens, neverDrawn } from '../tokenizer/special-tokens.js'
import { type AttentionPlace, attendWriting, attentionPlace, attentionTurn } from './decoding-attention.js'
import { DecodingCaches, type DecodingShape, type Layout, nameOf } from './decoding-caches.js'
import { draw, type Sharpening } from './draw.js'
import { SamplingWeights } from './sampling-weights.js'

export interface DrawingKind extends Sharpening {
  /** Whether rows are sampled, take their likeliest tokens, or some the one and some the other. */
  rows: 'sampled' | 'greedy' | 'mixed'
  eosProbabilities: boolean
}

/** Numbers of a position of a row, in the order in which a call gives them. */
export const seenOf = ({ eosProbabilities }: DrawingKind): number => (eosProbabilities ? 3 : 2)

/** What is the same in all turns of a lane. */
interface Surroundings {
  decoder: Decoder
  table: AngleTable
  /** Tokens before each slot's own part, [r]. */
  lengths: Tensor
  place: AttentionPlace
  /** By layer. Turns write into them in place; what they draw next depends on all of it, which keeps turns in order. */
  caches: readonly LayerCache[]
  prompts: readonly LayerCache[] | null
}

/** An engine's decodings, one for each shape of caches. */
export class Decodings {
  readonly #engine: Engine
  readonly #byShape = new Map<string, Decoding>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  of(shape: DecodingShape): Decoding {
    const key = JSON.stringify(shape)
    const decoding = this.#byShape.get(key) ?? new Decoding(this.#engine, shape)
    this.#byShape.set(key, decoding)
    return decoding
  }
}

export class Decoding {
  readonly caches: DecodingCaches
  readonly #engine: Engine
  readonly #weights: SamplingWeights
  readonly #shape: DecodingShape

  constructor(engine: Engine, shape: DecodingShape) {
    this.caches = new DecodingCaches(engine, shape)
    this.#engine = engine
    this.#weights = engine.part(SamplingWeights)
    this.#shape = shape
  }

  /** How the caches lie with so many slots: shared, where they are to be, until slots leave. */
  layout({ slots, columns }: { slots: number; columns: number }): Layout {
    return { slots, columns, shared: this.#shape.samples > 1 && slots === this.#shape.slots }
  }

  /** Compiles what decoding with caches of these sizes, on these numbers of slots, the largest first, needs before the first of it runs. */
  prepare({ sizes, widths, kind }: { sizes: readonly number[]; widths: readonly number[]; kind: DrawingKind }): void {
    const { caches } = this
    const { slots } = this.#shape
    caches.readPrompts()
    caches.allocate(this.layout({ slots, columns: sizes[0] as number }))
    for (const [index, columns] of sizes.entries()) {
      const whole = this.layout({ slots, columns })
      if (!whole.shared) this.#prepareAdmissions(whole)
      for (const [narrower, width] of widths.entries()) {
        if (index > 0) caches.grow(this.layout({ slots: width, columns: sizes[index - 1] as number }), columns)
        if (narrower > 0) caches.narrow(this.layout({ slots: widths[narrower - 1] as number, columns }), width)
        this.draw({ layout: this.layout({ slots: width, columns }), kind })
      }
    }
  }

  #prepareAdmissions(layout: Layout): void {
    for (let lane = 0; lane < this.#engine.settings.lanes; lane++) {
      for (const rows of new Set([this.#shape.admitted, this.caches.rowsOfLane(layout.slots)])) {
        this.caches.admit(layout, { lane, rows })
      }
    }
  }

  /**
   * Draws up to U tokens in every slot; stops when no slot is open. Inputs, [R] int32: the token to go on from, the column of its
   * slot's own part that it is written to, how long the slot's prompt is before that part, and how many tokens may still be drawn (0:
   * the slot is idle); and, unless all are greedy, uniform numbers [U, R, 1], below 0 in greedy rows. Outputs: ids [U, R] and what
   * was seen [U, seen R]; what lies behind a row's end is of no meaning.
   */
  draw({ layout, kind }: { layout: Layout; kind: DrawingKind }): Program {
    const { tokens, prefix } = this.#shape
    const row = { shape: [layout.slots], type: 'int32' } as const
    const uniforms = kind.rows === 'greedy' ? [] : [{ shape: [tokens, layout.slots, 1] }]
    return this.caches.program(
      `draw ${nameOf(layout)} ${JSON.stringify(kind)}`,
      [row, row, row, row, ...uniforms],
      (...inputs) => {
        const decoder = this.#weights.decoder()
        const table = angleTable(this.#engine.architecture, prefix + layout.columns)
        const lanes = Array.from({ length: this.#engine.settings.lanes }, (_, lane) =>
          this.#drawLane({ decoder, table, layout, kind, lane, inputs }),
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
    layout,
    kind,
    lane,
    inputs,
  }: {
    decoder: Decoder
    table: AngleTable
    layout: Layout
    kind: DrawingKind
    lane: number
    inputs: readonly Tensor[]
  }): [Tensor, Tensor] {
    const { lanes } = this.#engine.settings
    const { vocabulary, heads, keyValueHeads } = this.#engine.architecture
    const { tokens: most, samples, prefix } = this.#shape
    const rows = this.caches.rowsOfLane(layout.slots)
    const [tokens, said, lengths, left] = inputs.slice(0, 4).map(input => shareOf(input, lane, lanes)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ]
    const uniforms = inputs[4] === undefined ? null : inputs[4].slice([0, lane * rows, 0], [most, rows, 1])
    const bias = neverDrawn(this.#engine.tokens, vocabulary)
    const eosTokens = kind.eosProbabilities ? endingTokens(this.#engine.tokens, vocabulary) : null
    const sizes = { samples: layout.shared ? samples : 1, prefix, columns: layout.columns }
    const surroundings: Surroundings = {
      decoder,
      table,
      lengths,
      place: attentionPlace({ ...sizes, keyValueHeads, group: heads / keyValueHeads }, lengths),
      caches: this.caches.cachesOf(layout, lane),
      prompts: layout.shared ? this.caches.promptsOf(lane) : null,
    }
    const seenSize = seenOf(kind) * rows
    const one = tf.scalar(1, 'int32')
    const last = tf.scalar(layout.columns - 1, 'int32')
    const [, , , , ids, seen] = loop({
      state: [
        tf.scalar(0, 'int32'),
        tokens,
        said,
        left,
        freshZeros([most, rows], 'int32'),
        freshZeros([most, seenSize], 'float32'),
      ],
      goesOn: (turn, _tokens, _said, open) =>
        tf.logicalAnd((turn as Tensor).less(tf.scalar(most, 'int32')), (open as Tensor).greater(turn as Tensor).any()),
      body: (...state) => {
        const [turn, now, column, open, drawnIds, drawnSeen] = state as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
        const hidden = hiddenOf(surroundings, now, column)
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
          tf.minimum(column.add(one) as never, last as never),
          select(ended, tf.zerosLike(open), open),
          overwriteRows(drawnIds, place, drawn.ids.reshape([1, rows])),
          overwriteRows(drawnSeen, place, tf.concat(parts).reshape([1, seenSize])),
        ]
      },
    })
    return [ids as Tensor, seen as Tensor]
  }

  #isEos(ids: Tensor): Tensor {
    const [first, ...others] = this.#engine.tokens.eosIds.map(id => ids.equal(tf.scalar(id, 'int32')))
    return others.reduce((any, one) => tf.logicalOr(any, one), first as Tensor)
  }
}

/** Hidden states [r, D] of one token a slot, its keys and values written into column `said` of the slots' own part. */
function hiddenOf(
  { decoder, table, lengths, place, caches, prompts }: Surroundings,
  tokens: Tensor,
  said: Tensor,
): Tensor {
  const matrices = turningMatrices(anglesAt(table, lengths.add(said)))
  const turn = attentionTurn(place, said)
  let x = rowsOf(decoder.embedding, tokens)
  for (const [index, layer] of decoder.layers.entries()) {
    const { queries, keys, values } = queriesKeysValues(decoder, layer, x, heads => turnedBy(heads, matrices))
    const cache = caches[index] as LayerCache
    const shared = prompts?.[index] ?? null
    x = afterAttention(
      decoder,
      layer,
      x,
      attendWriting({ queries, fresh: { keys, values }, cache, prompts: shared, place, turn }),
    )
  }
  return x
}
