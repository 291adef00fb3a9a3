/**
 * Where the tokens of a batch stand: padding on the left, so that responses start at one column; rotary angles by position,
 * counted from a row's first real token; and the mask of what a token may look at. A row's numbers depend neither on how
 * long its neighbours are nor on dummy rows.
 *
 * Shapes: B rows, T columns of new tokens, S columns in all, H heads, K key/value heads, E head width.
 */
import { RlevError } from '../errors.js'
import type { Architecture } from './architecture.js'
import { type Tensor, tf } from './tensorflow.js'

/** What the layers need to know of places, made once for all of them. */
export interface Places {
  rows: number
  /** T */
  tokens: number
  /** Of the rotary angles, times E^(-1/4), so that queries times keys carry attention's 1 / sqrt(E): [B or 1, 1, T, E]. */
  cosine: Tensor
  sine: Tensor
  /** x R = (-x_2, x_1) for the halves x = (x_1, x_2), [1, 1, E, E]. */
  rotation: Tensor
  /** 0 where a token may look, -1e9 elsewhere, [B or 1, 1, (H / K) T, S]; null where it may look everywhere. */
  mask: Tensor | null
}

/** Prompt lengths are rounded up to a multiple of this, to keep the number of different shapes small. */
const lengthStep = 8

/** Finite, so that a padding column, which may look at nothing, gives no NaN. Nobody reads it. */
const hidden = -1e9

export function paddedLength(prompts: readonly (readonly number[])[]): number {
  const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 1)
  return Math.ceil(longest / lengthStep) * lengthStep
}

/** Padding on the left of each row. Throws CallInvalid for a prompt that is empty or too long. */
export function paddingOf(prompts: readonly (readonly number[])[], length: number): Int32Array {
  return Int32Array.from(prompts, (prompt, row) => {
    if (prompt.length > 0 && prompt.length <= length) return length - prompt.length
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'a prompt does not fit the batch',
      place: `prompt ${row}`,
      expected: `1 to ${length} tokens`,
      found: `${prompt.length} tokens`,
    })
  })
}

/** Ids [B L] of prompts on the right of `length` columns, and of what follows them, if anything, up to `columns`. */
export function idsOf({
  prompts,
  padding,
  columns,
  padId,
  responses = [],
}: {
  prompts: readonly (readonly number[])[]
  padding: Int32Array
  columns: number
  padId: number
  responses?: readonly (readonly number[])[]
}): Tensor {
  const ids = new Int32Array(prompts.length * columns).fill(padId)
  for (const [row, prompt] of prompts.entries()) {
    const start = row * columns + (padding[row] as number)
    ids.set(prompt, start)
    const response = responses[row]
    const room = columns - (padding[row] as number) - prompt.length
    if (response !== undefined) ids.set(response.slice(0, room), start + prompt.length)
  }
  return tf.tensor1d(ids, 'int32')
}

/** Places of a whole batch: every token may look at the real ones up to itself. */
export function placesOf(architecture: Architecture, padding: Int32Array, columns: number): Places {
  const { cosine, sine } = rotaryTable(architecture, columns)
  const padded = padding.some(count => count > 0)
  const ids = tf.tensor1d(positionsByRow(padded ? padding : new Int32Array(1), columns), 'int32')
  const pick = (table: Tensor) => tf.gather(table, ids).reshape([padded ? padding.length : 1, 1, columns, -1])
  const causal = causalMask(columns)
  const mask = padded ? causal.add(paddingMask(padding, columns)) : causal
  return {
    rows: padding.length,
    tokens: columns,
    cosine: pick(cosine),
    sine: pick(sine),
    rotation: rotation(architecture),
    mask: overGroups(mask, architecture),
  }
}

/** Places of the tokens that follow a prompt of `columns` columns, one token each, for position 0, 1, ... */
export interface FollowingPlaces {
  at(position: number): Places
  dispose(): void
}

/** What `at` returns is freed by the caller's tidy where it is new, and by `dispose` where it is shared. */
export function followingPlaces({
  architecture,
  padding,
  columns,
  count,
}: {
  architecture: Architecture
  padding: Int32Array
  columns: number
  count: number
}): FollowingPlaces {
  const { headWidth } = architecture
  const rows = padding.length
  const padded = padding.some(left => left > 0)
  const shared = tf.tidy(() => {
    const { cosine, sine } = rotaryTable(architecture, columns + count)
    const different = padded ? rows : 1
    const positions = Int32Array.from({ length: count * different }, (_, index) => {
      const row = index % different
      return columns - (padding[row] as number) + Math.floor(index / different)
    })
    const ids = tf.tensor1d(positions, 'int32')
    const steps = (table: Tensor) => tf.unstack(tf.gather(table, ids).reshape([count, different, 1, 1, headWidth]))
    const mask = padded ? overGroups(paddingMask(padding, columns + count), architecture) : tf.scalar(0)
    return { cosines: steps(cosine), sines: steps(sine), rotation: rotation(architecture), mask }
  })
  return {
    at: position => ({
      rows,
      tokens: 1,
      cosine: shared.cosines[position] as Tensor,
      sine: shared.sines[position] as Tensor,
      rotation: shared.rotation,
      mask: padded ? shared.mask.slice([0, 0, 0, 0], [-1, -1, -1, columns + position + 1]) : null,
    }),
    dispose: () => tf.dispose([...shared.cosines, ...shared.sines, shared.rotation, shared.mask]),
  }
}

export function disposePlaces({ cosine, sine, rotation: turn, mask }: Places): void {
  tf.dispose([cosine, sine, turn])
  mask?.dispose()
}

function positionsByRow(padding: Int32Array, columns: number): Int32Array {
  const positions = new Int32Array(padding.length * columns)
  for (const [row, left] of padding.entries()) {
    for (let column = left; column < columns; column++) positions[row * columns + column] = column - left
  }
  return positions
}

/** angle(p, i) = p theta^(-2i / E) for i and i + E / 2 alike, rounded to float32 where PyTorch rounds: [positions, E]. */
function rotaryTable({ ropeTheta, headWidth }: Architecture, positions: number): { cosine: Tensor; sine: Tensor } {
  const half = headWidth / 2
  const scale = headWidth ** -0.25
  const cosine = new Float32Array(positions * headWidth)
  const sine = new Float32Array(positions * headWidth)
  for (let pair = 0; pair < half; pair++) {
    const frequency = Math.fround(ropeTheta ** (-pair / half))
    for (let position = 0; position < positions; position++) {
      const angle = Math.fround(position * frequency)
      const first = position * headWidth + pair
      cosine[first] = cosine[first + half] = Math.cos(angle) * scale
      sine[first] = sine[first + half] = Math.sin(angle) * scale
    }
  }
  return { cosine: tf.tensor2d(cosine, [positions, headWidth]), sine: tf.tensor2d(sine, [positions, headWidth]) }
}

function rotation({ headWidth }: Architecture): Tensor {
  const half = headWidth / 2
  const values = new Float32Array(headWidth * headWidth)
  for (let index = 0; index < half; index++) {
    values[(half + index) * headWidth + index] = -1
    values[index * headWidth + half + index] = 1
  }
  return tf.tensor4d(values, [1, 1, headWidth, headWidth])
}

/** [1, 1, T, T]: no token looks at one after it. */
function causalMask(columns: number): Tensor {
  const values = new Float32Array(columns * columns)
  for (let query = 0; query < columns; query++) {
    values.fill(hidden, query * columns + query + 1, (query + 1) * columns)
  }
  return tf.tensor4d(values, [1, 1, columns, columns])
}

/** [B, 1, 1, S]: nobody looks at padding. */
function paddingMask(padding: Int32Array, columns: number): Tensor {
  const values = new Float32Array(padding.length * columns)
  for (const [row, left] of padding.entries()) values.fill(hidden, row * columns, row * columns + left)
  return tf.tensor4d(values, [padding.length, 1, 1, columns])
}

/** The mask of T tokens, once for each head of a group: [B or 1, 1, (H / K) T, S]. */
function overGroups(mask: Tensor, { heads, keyValueHeads }: Architecture): Tensor {
  return heads === keyValueHeads ? mask : mask.tile([1, 1, heads / keyValueHeads, 1])
}
