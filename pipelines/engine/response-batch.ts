/**
 * Prompts and their responses as arrays of fixed shape, padded on the right. A prompt is stored once for all
 * its samples. Sizes are rounded up to a few, because every shape needs its own graph.
 *
 * Shapes: B prompts, G samples of each, N = B G rows, P columns of a prompt's part, T tokens of a response.
 */
import { RlevError } from '../errors.js'

export interface Sequence {
  promptTokens: readonly number[]
  /** Response tokens, at least one. */
  tokens: readonly number[]
}

/** Sequences of one prompt. */
export type Group<Row extends Sequence = Sequence> = readonly Row[]

export interface BatchShape {
  prompts: number
  samples: number
  /** P, for the prompt without its last token. */
  prefix: number
  /** T */
  tokens: number
}

export interface ResponseBatch {
  shape: BatchShape
  /** [B, P] */
  prefixIds: Int32Array
  /** [B] */
  prefixLengths: Int32Array
  /** The prompt's last token, then the response without its last, [N, T]. */
  ids: Int32Array
  /** Response tokens, [N, T]. */
  targets: Int32Array
  /** 1 on response tokens, 0 after a response's end and in rows that pad a group, [N, T]. */
  mask: Float32Array
  /** Row of each sequence, in the order of the groups. */
  rows: readonly number[]
}

/** Neighbours with the same prompt, at most `maxRows` in a group. */
export function groupByPrompt<Row extends Sequence>(
  sequences: readonly Row[],
  maxRows = Number.POSITIVE_INFINITY,
): Row[][] {
  const groups: Row[][] = []
  for (const sequence of sequences) {
    const last = groups.at(-1)
    const first = last?.[0]
    if (last !== undefined && first !== undefined && last.length < maxRows && samePrompt(first, sequence))
      last.push(sequence)
    else groups.push([sequence])
  }
  return groups
}

type Prompted = Pick<Sequence, 'promptTokens'>

export function samePrompt({ promptTokens: a }: Prompted, { promptTokens: b }: Prompted): boolean {
  return a === b || (a.length === b.length && a.every((token, index) => token === b[index]))
}

/** Smallest step between the sizes of P. */
export const prefixStep = 16

/**
 * Rounds `length` up to a multiple of `step`. Steps grow with the length, so that there are few sizes, at most
 * a quarter too large.
 */
export function roundedUp(length: number, step = 4): number {
  const wide = Math.max(step, 2 ** Math.floor(Math.log2(Math.max(1, length - 1))) / 4)
  return Math.ceil(Math.max(1, length) / wide) * wide
}

/**
 * The smallest of `max`, its half, and so on for `times` halvings, that is at least `length`. Each is rounded
 * up to `step`.
 */
function halvedDown(length: number, max: number, { step, times }: { step: number; times: number }): number {
  const half = Math.ceil(max / 2)
  const size = Math.ceil(max / step) * step
  return times > 0 && half >= length && size > step ? halvedDown(length, half, { step, times: times - 1 }) : size
}

/**
 * Sizes of the largest batch of a caller. Smaller batches take these sizes or their halves, so that there are
 * few.
 */
export interface BatchLimits {
  prompts: number
  samples: number
  tokens: number
}

/**
 * The number of prompts is padded to a multiple of `lanes`. Throws CallInvalid for an empty prompt or response.
 */
export function responseBatch({
  groups,
  padId,
  lanes,
  limits,
}: {
  groups: readonly Group[]
  padId: number
  lanes: number
  limits?: BatchLimits
}): ResponseBatch {
  const all = groups.flat()
  const longest = Math.max(...all.map(({ tokens }) => tokens.length))
  const shape: BatchShape = {
    prompts: halvedDown(groups.length, Math.max(groups.length, limits?.prompts ?? 0), { step: lanes, times: 1 }),
    // Not halved: most groups are whole, only responses without an advantage are left out.
    samples: Math.max(limits?.samples ?? 0, ...groups.map(group => group.length)),
    prefix: roundedUp(Math.max(...all.map(({ promptTokens }) => promptTokens.length)) - 1, prefixStep),
    tokens: halvedDown(longest, Math.max(longest, limits?.tokens ?? 0), { step: 8, times: 2 }),
  }
  const { prompts, samples, prefix, tokens: width } = shape
  const batch = {
    shape,
    prefixIds: new Int32Array(prompts * prefix).fill(padId),
    prefixLengths: new Int32Array(prompts),
    ids: new Int32Array(prompts * samples * width).fill(padId),
    targets: new Int32Array(prompts * samples * width),
    mask: new Float32Array(prompts * samples * width),
    rows: groups.flatMap((group, index) => group.map((_, sample) => index * samples + sample)),
  }
  for (const [index, group] of groups.entries()) {
    const [{ promptTokens }] = group as [Sequence]
    if (promptTokens.length === 0) throw empty('prompt', index)
    batch.prefixIds.set(promptTokens.slice(0, -1), index * prefix)
    batch.prefixLengths[index] = promptTokens.length - 1
    for (const [sample, { tokens }] of group.entries()) {
      if (tokens.length === 0) throw empty('response', index)
      const at = (index * samples + sample) * width
      batch.ids.set([promptTokens.at(-1) as number, ...tokens.slice(0, -1)], at)
      batch.targets.set(tokens, at)
      batch.mask.fill(1, at, at + tokens.length)
    }
  }
  return batch
}

function empty(what: string, index: number): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: `a ${what} is empty`,
    place: `${what} ${index}`,
    expected: 'at least one token',
    found: 'none',
  })
}
