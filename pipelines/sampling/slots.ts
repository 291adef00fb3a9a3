/**
 * The host's side of decoding: which row is in which slot, its progress, and its tokens. Rows are admitted in
 * their order. In the shared layout all rows have a slot from the start: row n has slot n.
 *
 * Shapes: R slots, U tokens of a call.
 */

import { roundedUp } from '../engine/response-batch.js'
import { RlevError } from '../errors.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { PolicyTokenizer } from '../tokenizer/tokenizer.js'
import type { Decoding, DrawingKind } from './decoding.js'
import { seenOf } from './decoding.js'
import type { DecodingShape, Layout } from './decoding-caches.js'
import type { Generated } from './sampler.js'
import { belonging, type Stops } from './stops.js'
import { StoredPrompts } from './stored-prompts.js'

/** The local engine always gives the entropy. */
export type Decoded = Generated & { entropy: number }

/** The rows to decode. */
export interface Rows {
  /** Token ids of each row's prompt. The prompt of neighbouring rows is read once. */
  prompts: readonly (readonly number[])[]
  /** A number in [0, 1) for a sampled token; null in every position of a row that takes the likeliest tokens. */
  uniforms: (row: number, position: number) => number | null
  /** Of a response. */
  maxTokens: number
}

interface Open {
  row: number
  /** Tokens of the prompt, without the last. */
  length: number
  /** The last token. */
  token: number
  result: Decoded
}

interface SlotsOptions extends Rows {
  decoding: Decoding
  shape: DecodingShape
  lanes: number
  kind: DrawingKind
  tokenizer: PolicyTokenizer
  stops: Stops | null
}

export class Slots {
  readonly #options: SlotsOptions
  #open: (Open | null)[]
  readonly #results: (Decoded | undefined)[]
  #finished = 0
  /** The next row to admit. */
  #next = 0
  readonly #stored: StoredPrompts
  /** Possible numbers of response columns: quarters of the longest response, so that there are few graphs. */
  readonly #sizes: readonly number[]
  /** 0 before the caches are allocated. */
  #columns = 0
  /** Possible numbers of slots, the largest first. */
  readonly #widths: readonly number[]

  constructor(options: SlotsOptions) {
    const { shape, maxTokens } = options
    const step = roundedUp(Math.max(shape.tokens, maxTokens / 4))
    const count = Math.ceil(maxTokens / step)
    this.#options = options
    this.#stored = new StoredPrompts({ ...options, padId: options.tokenizer.padId })
    this.#sizes = Array.from({ length: count }, (_, index) => (index + 1) * step)
    // Short responses end before fewer slots would make up for the time to compile their graphs.
    this.#widths = maxTokens < 4 * shape.tokens ? [shape.slots] : halves(shape.slots, options.lanes)
    this.#open = new Array<Open | null>(options.shape.slots).fill(null)
    this.#results = new Array<Decoded | undefined>(options.prompts.length)
  }

  get done(): boolean {
    return this.#finished === this.#options.prompts.length
  }

  /** Rows that have ended, and of each row under way the share of the longest response that is drawn. It never falls. */
  get progress(): number {
    const { maxTokens } = this.#options
    const drawn = this.#open.reduce((sum, open) => sum + (open?.result.tokens.length ?? 0), 0)
    return this.#finished + drawn / maxTokens
  }

  results(): Decoded[] {
    return this.#results.map((result, row) => {
      if (result === undefined) throw new RangeError(`row ${row} has not ended`)
      return result
    })
  }

  /** Fills idle slots, then draws up to U tokens in each. */
  advance(): void {
    this.#allocate()
    this.#admit()
    this.#narrow()
    this.#makeRoom()
    this.#draw()
  }

  #admit(): void {
    const { prompts } = this.#options
    const idle = this.#open.flatMap((open, slot) => (open === null ? [slot] : []))
    const admitted: { slot: number; stored: number }[] = []
    for (const slot of idle) {
      if (this.#next === prompts.length) break
      if (!this.#stored.holds(this.#next)) {
        // The store is about to be overwritten, so copy what was admitted from it.
        this.#copy(admitted.splice(0))
        this.#stored.read(this.#next)
      }
      const row = this.#next++
      const prompt = prompts[row] as readonly number[]
      const result: Decoded = { tokens: [], logProbs: [], entropy: 0, finish: 'length' }
      if (this.#options.kind.eosProbabilities) result.eosProbabilities = []
      this.#open[slot] = { row, length: prompt.length - 1, token: prompt.at(-1) as number, result }
      admitted.push({ slot, stored: this.#stored.indexOf(row) })
    }
    this.#copy(admitted)
  }

  /** Copies prompts from the store into slots; not in the shared layout, whose slots read the store. */
  #copy(admitted: readonly { slot: number; stored: number }[]): void {
    const { shape, lanes, decoding } = this.#options
    if (admitted.length === 0 || shape.samples > 1) return
    const perLane = shape.slots / lanes
    for (let lane = 0; lane < lanes; lane++) {
      const own = admitted.filter(({ slot }) => Math.floor(slot / perLane) === lane)
      // All slots at once at the start of a batch, few when waiting rows follow.
      const together = own.length > shape.admitted ? perLane : shape.admitted
      for (let first = 0; first < own.length; first += together) {
        const part = own.slice(first, first + together)
        // Padded with the first pair: copying it twice does no harm.
        const filled = Array.from({ length: together }, (_, index) => part[index] ?? (part[0] as (typeof part)[0]))
        call(decoding.caches.admit(this.#layout(), { lane, rows: together }), [
          tf.tensor1d(
            filled.map(({ slot }) => slot % perLane),
            'int32',
          ),
          tf.tensor1d(
            filled.map(({ stored }) => stored),
            'int32',
          ),
        ])
      }
    }
  }

  /** Halves the slots while no row waits and every lane's open rows fit. */
  #narrow(): void {
    const { prompts, lanes, decoding } = this.#options
    for (;;) {
      const from = this.#open.length
      const to = this.#widths[this.#widths.indexOf(from) + 1]
      if (this.#next < prompts.length || to === undefined) return
      const byLane = Array.from({ length: lanes }, (_, lane) => {
        const own = this.#open.slice((lane * from) / lanes, ((lane + 1) * from) / lanes)
        return own.flatMap((open, slotOfLane) => (open === null ? [] : [{ open, slotOfLane }]))
      })
      if (byLane.some(rows => rows.length > to / lanes)) return
      const kept = byLane.flatMap(rows => Array.from({ length: to / lanes }, (_, index) => rows[index] ?? null))
      const slotsOfLanes = tf.tensor1d(
        kept.map(row => row?.slotOfLane ?? 0),
        'int32',
      )
      call(decoding.caches.narrow(this.#layout(), to), [slotsOfLanes])
      this.#open = kept.map(row => row?.open ?? null)
    }
  }

  /** Grows the caches to the columns that the next call may write. */
  #makeRoom(): void {
    const { shape, maxTokens, decoding } = this.#options
    const needed = this.#open.map(open =>
      open === null ? 0 : Math.min(open.result.tokens.length + shape.tokens, maxTokens),
    )
    const enough = this.#sizes.findIndex(size => size >= Math.max(...needed))
    while (this.#columns < (this.#sizes[enough] as number)) {
      const next = this.#sizes[this.#sizes.indexOf(this.#columns) + 1] as number
      call(decoding.caches.grow(this.#layout(), next), [])
      this.#columns = next
    }
  }

  #allocate(): void {
    if (this.#columns > 0) return
    this.#columns = this.#sizes[0] as number
    call(this.#options.decoding.caches.allocate(this.#layout()), [])
  }

  #layout(): Layout {
    return this.#options.decoding.layout({ slots: this.#open.length, columns: this.#columns })
  }

  #draw(): void {
    const { decoding, kind, maxTokens, tokenizer } = this.#options
    const column = (of: (open: Open) => number, idle: number) =>
      tf.tensor1d(
        this.#open.map(open => (open === null ? idle : of(open))),
        'int32',
      )
    const inputs = [
      column(open => open.token, tokenizer.padId),
      column(open => open.result.tokens.length, 0),
      column(open => open.length, 0),
      column(open => maxTokens - open.result.tokens.length, 0),
      ...(kind.rows === 'greedy' ? [] : [this.#uniforms()]),
    ]
    const [ids, seen] = decoding.draw({ layout: this.#layout(), kind })(...inputs) as [Tensor, Tensor]
    const drawn = { ids: ids.dataSync() as Int32Array, seen: seen.dataSync() as Float32Array }
    tf.dispose([...inputs, ids, seen])
    for (const slot of this.#open.keys()) this.#take(slot, drawn)
  }

  /** Uniform numbers [U, R, 1]; -1 in greedy rows. */
  #uniforms(): Tensor {
    const { shape, uniforms, maxTokens } = this.#options
    const slots = this.#open.length
    const numbers = new Float32Array(shape.tokens * slots)
    for (const [slot, open] of this.#open.entries()) {
      if (open === null) continue
      const first = open.result.tokens.length
      for (let turn = 0; turn < Math.min(shape.tokens, maxTokens - first); turn++) {
        numbers[turn * slots + slot] = uniforms(open.row, first + turn) ?? -1
      }
    }
    return tf.tensor3d(numbers, [shape.tokens, slots, 1])
  }

  /** Takes over a slot's tokens of a call. */
  #take(slot: number, { ids, seen }: { ids: Int32Array; seen: Float32Array }): void {
    const open = this.#open[slot]
    if (open === null || open === undefined) return
    const { shape, kind, lanes, maxTokens, tokenizer, stops } = this.#options
    const { result } = open
    const slots = this.#open.length
    const perLane = slots / lanes
    // The numbers of one iteration are ordered by lane, then by kind, then by slot.
    const at = (turn: number, number: number) => {
      const lane = Math.floor(slot / perLane)
      return seen[(turn * lanes + lane) * seenOf(kind) * perLane + number * perLane + (slot % perLane)] as number
    }
    const drawn = Array.from({ length: shape.tokens }, (_, turn) => ids[turn * slots + slot] as number)
    const fresh = drawn.slice(0, maxTokens - result.tokens.length)
    const { tokens, ...ending } = belonging(tokenizer, stops, { before: result.tokens, fresh })
    for (const [turn, id] of tokens.entries()) {
      result.logProbs.push(finite(at(turn, 0), result.tokens.length))
      result.entropy += at(turn, 1)
      result.eosProbabilities?.push(at(turn, 2))
      result.tokens.push(id)
      open.token = id
    }
    Object.assign(result, ending)
    if (result.finish !== 'stop' && result.tokens.length < maxTokens) return
    this.#results[open.row] = result
    this.#open[slot] = null
    this.#finished++
  }
}

/**
 * The number of slots and its halves, down to an eighth, or to fewer than eight in a lane: every one needs a
 * graph.
 */
function halves(slots: number, lanes: number, times = 3): number[] {
  const perLane = slots / lanes
  if (times === 0 || perLane % 2 === 1 || perLane < 8) return [slots]
  return [slots, ...halves(slots / 2, lanes, times - 1)]
}

function call(program: (...inputs: Tensor[]) => Tensor[], inputs: readonly Tensor[]): void {
  tf.dispose([...program(...inputs), ...inputs])
}

function finite(logProb: number, position: number): number {
  if (Number.isFinite(logProb)) return logProb
  throw new RlevError({
    kind: 'NotFinite',
    message: 'the probability of a drawn token is not finite',
    place: `response position ${position}`,
    expected: 'a finite log-probability',
    found: String(logProb),
    remedy: 'the weights are not finite or have diverged: lower the learning rate, or go back to an earlier checkpoint',
  })
}
