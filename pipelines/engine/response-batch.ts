/**
 * Prompts with their responses as arrays of fixed shape: prompts once for all their samples, on the left of their columns;
 * responses padded on the right. Sizes are rounded up to a few, since every shape is a graph of its own.
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
  /** P: the prompt without its last token. */
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
  /** The prompt's last token, then the response's but for its last, [N, T]. */
  ids: Int32Array
  /** Response tokens, [N, T]. */
  targets: Int32Array
  /** 1 on response tokens, 0 after their end and in rows that fill a group up, [N, T]. */
  mask: Float32Array
  /** Place of each sequence, in the order of the groups, among the N rows. */
  rows: readonly number[]
}

/** Neighbours with the same prompt, at most `most` together. */
export function groupByPrompt<Row extends Sequence>(
  sequences: readonly Row[],
  most = Number.POSITIVE_INFINITY,
): Row[][] {
  const groups: Row[][] = []
  for (const sequence of sequences) {
    const last = groups.at(-1)
    const first = last?.[0]
    if (last !== undefined && first !== undefined && last.length < most && sameTokens(first, sequence))
      last.push(sequence)
    else groups.push([sequence])
  }
  return groups
}

function sameTokens({ promptTokens: a }: Sequence, { promptTokens: b }: Sequence): boolean {
  return a === b || (a.length === b.length && a.every((token, index) => token === b[index]))
}

/** Least step between the lengths of prompts' parts. */
export const prefixStep = 16

/** The least of few sizes that holds `length`: multiples of `step`, and of larger ones beyond four times that, at most a quarter more. */
export function roundedUp(length: number, step = 4): number {
  const wide = Math.max(step, 2 ** Math.floor(Math.log2(Math.max(1, length - 1))) / 4)
  return Math.ceil(Math.max(1, length) / wide) * wide
}

/** The least of `most` and its halves, as often as `times` says, each rounded up to `step`, that holds `length`. */
export function halvedDown(length: number, most: number, { step, times }: { step: number; times: number }): number {
  const half = Math.ceil(most / 2)
  const size = Math.ceil(most / step) * step
  return times > 0 && half >= length && size > step ? halvedDown(length, half, { step, times: times - 1 }) : size
}

/** The largest that a batch may become: from these its sizes are halved down; its own where not given. */
export interface BatchLimits {
  prompts: number
  samples: number
  tokens: number
}

/** `lanes` divides the number of prompts. Throws CallInvalid for an empty prompt or response. */
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
    // Not halved: groups are whole, but for what has no advantage.
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
