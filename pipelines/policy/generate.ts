/**
 * Decoding with a key/value cache, in chunks of a fixed number of rows; the last chunk is filled with dummy rows. A finished
 * row is decoded on until its whole chunk is done, and what it says then is ignored: no row depends on another.
 *
 * Shapes: B rows of a chunk, V vocabulary.
 */
import { RlevError } from '../errors.js'
import { type Hooks, noHooks } from '../hooks.js'
import { type Decoder, disposeDecoder, hiddenStates, type LayerCache, logitsOf, makeDecoder } from './decoder.js'
import { draw } from './draw.js'
import { neverDrawn } from './never-drawn.js'
import { followingPlaces, idsOf, type Places, paddedLength, paddingOf, placesOf } from './places.js'
import type { Policy } from './policy.js'
import { type Tensor, tf } from './tensorflow.js'
import { tidy } from './tidy.js'

export interface Generated {
  /** With the end-of-sequence token, when it was drawn. */
  tokens: number[]
  /** log pi of each token at temperature 1. */
  logProbs: number[]
  /** Sum over the tokens of the entropy, in nats, of the distribution at temperature 1 that each was drawn from. */
  entropy: number
  finish: 'stop' | 'length'
  /** P(EOS) at temperature 1 before each token; present when asked for. */
  eosProbabilities?: number[]
}

export interface GenerateOptions {
  policy: Policy
  /** Token ids of each row's prompt. */
  prompts: readonly (readonly number[])[]
  /** In [0, 1) for a sampled token, null in every position of a row that takes the likeliest ones. */
  uniforms: (row: number, position: number) => number | null
  /** Divides the logits of sampled tokens. */
  temperature?: number
  maxTokens: number
  /** Rows decoded together. */
  chunk: number
  eosProbabilities?: boolean
  hooks?: Hooks
}

/** What every chunk of a call shares. */
interface Shared {
  decoder: Decoder
  /** Prompt columns. */
  length: number
  bias: Tensor | null
  eosTokens: Tensor | null
}

/** Tokens of one position as the host has them. */
interface Position {
  ids: Int32Array
  /** [2, B] log-probability of the token, entropy; and, where asked for, P(EOS) under them. */
  seen: Tensor
}

/** Rows in the order of `prompts`. Rejects with CallInvalid for an empty prompt, NotFinite where the policy's weights are not numbers. */
export async function generate(options: GenerateOptions): Promise<Generated[]> {
  const { policy, prompts, chunk, eosProbabilities = false, hooks = noHooks } = options
  const { architecture, tokenizer, weights } = policy
  if (prompts.length === 0) return []
  const shared = tidy(
    (): Shared => ({
      decoder: makeDecoder(policy),
      length: paddedLength(prompts),
      bias: neverDrawn(policy),
      eosTokens: eosProbabilities ? eosMask(tokenizer.eosIds, architecture.vocabulary) : null,
    }),
  )
  const results: Generated[] = []
  try {
    for (let first = 0; first < prompts.length; first += chunk) {
      results.push(...decodeChunk({ options, shared, first }))
      await hooks.tick({ done: Math.min(first + chunk, prompts.length), of: prompts.length })
    }
    return results
  } finally {
    disposeDecoder(shared.decoder, weights)
    tf.dispose([shared.bias, shared.eosTokens].filter(tensor => tensor !== null))
  }
}

function decodeChunk({
  options: { policy, prompts, uniforms, temperature = 1, maxTokens, chunk },
  shared,
  first,
}: {
  options: GenerateOptions
  shared: Shared
  first: number
}): Generated[] {
  const { architecture, tokenizer } = policy
  const { decoder, length, bias, eosTokens } = shared
  const rows = Math.min(chunk, prompts.length - first)
  const own = prompts.slice(first, first + rows)
  const filled = [...own, ...new Array<readonly number[]>(chunk - rows).fill(own[0] as readonly number[])]
  const padding = paddingOf(filled, length)
  const following = followingPlaces({ architecture, padding, columns: length, count: maxTokens - 1 })
  const numbers = numbersOf({ uniforms, first, rows, chunk, maxTokens })
  const open = new Array<boolean>(rows).fill(true)
  const positions: Position[] = []

  const step = (ids: Tensor, places: Places, past?: readonly LayerCache[]): { logits: Tensor; cache: LayerCache[] } => {
    const { hidden, cache } = hiddenStates({
      decoder,
      ids,
      places,
      last: 1,
      ...(past === undefined ? {} : { cache: past }),
    })
    return { logits: logitsOf(decoder, hidden, bias), cache }
  }
  let state = tidy(() =>
    step(
      idsOf({ prompts: filled, padding, columns: length, padId: tokenizer.padId }),
      placesOf(architecture, padding, length),
    ),
  )
  for (let position = 0; position < maxTokens; position++) {
    const drawn = tidy(() => {
      const { ids, logProb, entropy, eosProbability } = draw({
        logits: state.logits,
        uniforms: numbers.columns?.[position] ?? null,
        sampled: numbers.sampled,
        temperature,
        eosTokens,
      })
      return { ids, seen: tf.stack(eosProbability === null ? [logProb, entropy] : [logProb, entropy, eosProbability]) }
    })
    const ids = drawn.ids.dataSync() as Int32Array
    positions.push({ ids, seen: drawn.seen })
    for (let row = 0; row < rows; row++) if (tokenizer.eosIds.includes(ids[row] as number)) open[row] = false
    const last = position + 1 === maxTokens || !open.includes(true)
    const before = state
    if (!last) state = tidy(() => step(drawn.ids, following.at(position), before.cache))
    tf.dispose([drawn.ids, before.logits, ...before.cache.flatMap(({ keys, values }) => [keys, values])])
    if (last) break
  }
  following.dispose()
  disposeNumbers(numbers)
  return collect({ positions, rows, eosIds: tokenizer.eosIds, withEos: eosTokens !== null })
}

interface Numbers {
  /** [B, 1] for each position; null where every row is greedy. */
  columns: Tensor[] | null
  /** [B]; null where every row is sampled, or none. */
  sampled: Tensor | null
}

/** Uniform numbers of a chunk, a column a position. Dummy rows go as the first row does. */
function numbersOf({
  uniforms,
  first,
  rows,
  chunk,
  maxTokens,
}: {
  uniforms: GenerateOptions['uniforms']
  first: number
  rows: number
  chunk: number
  maxTokens: number
}): Numbers {
  const sampled = Array.from({ length: chunk }, (_, row) => uniforms(first + (row < rows ? row : 0), 0) !== null)
  if (!sampled.includes(true)) return { columns: null, sampled: null }
  const values = new Float32Array(maxTokens * chunk)
  for (let position = 0; position < maxTokens; position++) {
    for (let row = 0; row < rows; row++) values[position * chunk + row] = uniforms(first + row, position) ?? 0
  }
  return {
    columns: tidy(() => tf.unstack(tf.tensor3d(values, [maxTokens, chunk, 1]))),
    sampled: sampled.includes(false) ? tf.tensor1d(sampled, 'bool') : null,
  }
}

function disposeNumbers({ columns, sampled }: Numbers): void {
  tf.dispose(columns ?? [])
  sampled?.dispose()
}

function eosMask(eosIds: readonly number[], vocabulary: number): Tensor {
  const values = new Float32Array(vocabulary)
  for (const id of eosIds) values[id] = 1
  return tf.tensor1d(values)
}

/** Rows up to their end, from what the host has of every position. Frees the positions' tensors. */
function collect({
  positions,
  rows,
  eosIds,
  withEos,
}: {
  positions: readonly Position[]
  rows: number
  eosIds: readonly number[]
  withEos: boolean
}): Generated[] {
  const columns = positions.map(({ ids, seen }) => {
    const values = seen.dataSync() as Float32Array
    seen.dispose()
    return { ids, values, chunk: ids.length }
  })
  return Array.from({ length: rows }, (_, row) => {
    const end = columns.findIndex(({ ids }) => eosIds.includes(ids[row] as number))
    const said = end === -1 ? columns : columns.slice(0, end + 1)
    return {
      tokens: said.map(({ ids }) => ids[row] as number),
      logProbs: said.map(({ values }, position) => finite(values[row] as number, position)),
      entropy: said.reduce((sum, { values, chunk }) => sum + (values[chunk + row] as number), 0),
      finish: end === -1 ? 'length' : 'stop',
      ...(withEos ? { eosProbabilities: said.map(({ values, chunk }) => values[2 * chunk + row] as number) } : {}),
    }
  })
}

function finite(logProb: number, position: number): number {
  if (Number.isFinite(logProb)) return logProb
  throw new RlevError({
    kind: 'NotFinite',
    message: 'the policy gives no probability to the token it said',
    place: `response position ${position}`,
    expected: 'a finite log-probability',
    found: String(logProb),
    remedy: 'the weights are not finite or have run away: lower the learning rate, or go back to an earlier checkpoint',
  })
}
