/**
 * Programs that draw tokens in all slots at once, a few in each call, in a loop on the device. Lanes are
 * parallel branches of the loop.
 *
 * Shapes: R slots, r of a lane, S columns of a slot's response, U tokens of a call, V vocabulary.
 */

import type { Engine } from '../engine/engine.js'
import { shareOf, wholeOf } from '../engine/response-inputs.js'
import { called } from '../graph/called.js'
import { freshZeros, overwriteRows, rowsOf, select } from '../graph/kernels.js'
import { loop } from '../graph/loop.js'
import type { Program } from '../graph/session.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { LayerCache } from '../model/attention.js'
import { afterAttention, type Decoder, logitsOf, takenApart } from '../model/decoder.js'
import { type AngleTable, anglesAt, angleTable } from '../model/rotary-angles.js'
import { endingTokens, undrawnBias } from '../tokenizer/special-tokens.js'
import { type AttentionSteps, attentionSteps } from './attention-steps.js'
import type { AttentionSizes } from './decoding-attention.js'
import { DecodingCaches, type DecodingShape, type Layout, nameOf } from './decoding-caches.js'
import { draw } from './draw.js'
import { SamplingWeights } from './sampling-weights.js'

export interface DrawingKind {
  /** Divides the logits of sampled tokens. */
  temperature: number
  /** Whether all rows are sampled, all take their likeliest tokens, or there are rows of both kinds. */
  rows: 'sampled' | 'greedy' | 'mixed'
  eosProbabilities: boolean
  /** Tokens that end a row besides the end-of-sequence tokens. */
  stopIds?: readonly number[]
}

/** How many numbers a call returns for each drawn token: log pi, entropy and, if asked for, P(EOS). */
export const seenOf = ({ eosProbabilities }: DrawingKind): number => (eosProbabilities ? 3 : 2)

/** The same in all iterations of a lane. */
interface Surroundings {
  decoder: Decoder
  table: AngleTable
  /** Length of each slot's prompt without its last token, [r]. */
  lengths: Tensor
  sizes: AttentionSizes
  steps: AttentionSteps
  /**
   * By layer. Each iteration writes into them in place and reads all of them, which keeps the iterations in
   * order.
   */
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

  /** The layout for a number of slots: shared if the shape is, until the number is reduced. */
  layout({ slots, columns }: { slots: number; columns: number }): Layout {
    return { slots, columns, shared: this.#shape.samples > 1 && slots === this.#shape.slots }
  }

  /**
   * Draws up to U tokens in every slot; stops when no slot is open. Inputs, [R] int32 each: the last token; the
   * response column that it is written to; the length of the prompt without its last token; how many tokens may
   * still be drawn, 0 for an idle slot. Unless all rows are greedy also uniform numbers [U, R, 1], below 0 in
   * greedy rows. Outputs: ids [U, R], and the numbers of `seenOf` [U, seen R]. Entries past a row's end are
   * meaningless.
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
    const { tokens: maxTokens, samples, prefix } = this.#shape
    const rows = this.caches.rowsOfLane(layout.slots)
    const [tokens, columns, lengths, left] = inputs.slice(0, 4).map(input => shareOf(input, lane, lanes)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ]
    const uniforms = inputs[4] === undefined ? null : inputs[4].slice([0, lane * rows, 0], [maxTokens, rows, 1])
    const bias = undrawnBias(this.#engine.tokens.undrawn, vocabulary)
    const eosTokens = kind.eosProbabilities ? endingTokens(this.#engine.tokens, vocabulary) : null
    const sizes: AttentionSizes = {
      ...{ samples: layout.shared ? samples : 1, prefix, columns: layout.columns },
      ...{ keyValueHeads, group: heads / keyValueHeads },
    }
    const surroundings: Surroundings = {
      decoder,
      table,
      lengths,
      sizes,
      steps: attentionSteps({ decoder, lengths, sizes }),
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
        columns,
        left,
        freshZeros([maxTokens, rows], 'int32'),
        freshZeros([maxTokens, seenSize], 'float32'),
      ],
      condition: (turn, _tokens, _columns, open) =>
        tf.logicalAnd(
          (turn as Tensor).less(tf.scalar(maxTokens, 'int32')),
          (open as Tensor).greater(turn as Tensor).any(),
        ),
      body: (...state) => {
        const [turn, now, column, open, drawnIds, drawnSeen] = state as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
        const hidden = hiddenOf(surroundings, now, column)
        const numbers = uniforms === null ? null : rowsOf(uniforms, turn)
        const mixed = kind.rows === 'mixed'
        const drawn = draw({ ...kind, logits: logitsOf(decoder, hidden, bias), uniforms: numbers, mixed, eosTokens })
        const ended = this.#ends(drawn.ids, kind)
        const parts = [drawn.logProb, drawn.entropy, ...(drawn.eosProbability === null ? [] : [drawn.eosProbability])]
        const row = turn.reshape([1])
        return [
          turn.add(one),
          drawn.ids,
          // A row that has ended writes into its own columns only, which are not read again.
          tf.minimum(column.add(one) as never, last as never),
          select(ended, tf.zerosLike(open), open),
          overwriteRows(drawnIds, row, drawn.ids.reshape([1, rows])),
          overwriteRows(drawnSeen, row, tf.concat(parts).reshape([1, seenSize])),
        ]
      },
    })
    return [ids as Tensor, seen as Tensor]
  }

  #ends(ids: Tensor, { stopIds = [] }: DrawingKind): Tensor {
    const [first, ...others] = [...this.#engine.tokens.eosIds, ...stopIds].map(id => ids.equal(tf.scalar(id, 'int32')))
    return others.reduce((any, one) => tf.logicalOr(any, one), first as Tensor)
  }
}

/**
 * Hidden states [r, D] of one token in each slot. Its keys and values are written into column `column` of the
 * slot's response.
 */
function hiddenOf(surroundings: Surroundings, tokens: Tensor, column: Tensor): Tensor {
  const { decoder, table, lengths, sizes, steps, caches, prompts } = surroundings
  const { keyValueHeads, samples, prefix, columns, group } = sizes
  const { seenBy, constants } = steps(anglesAt(table, lengths.add(column)), column)
  let x = rowsOf(decoder.embedding, tokens)
  for (const [index, layer] of decoder.layers.entries()) {
    const { tensors, rebuild, form } = takenApart({ layer, cache: caches[index], shared: prompts?.[index] ?? null })
    const [after] = called({
      name: JSON.stringify(['decoding', form, keyValueHeads, samples, prefix, columns, group]),
      shapes: [x.shape],
      inputs: [],
      constants: [x, ...constants, ...tensors],
      run: (_, [before, ...rest]) => {
        const { layer, cache, shared } = rebuild(rest.slice(constants.length))
        const at = { layer, cache: cache as LayerCache, shared, before: before as Tensor }
        return [afterAttention(decoder, layer, before as Tensor, seenBy(at, rest))]
      },
    })
    x = after as Tensor
  }
  return x
}
