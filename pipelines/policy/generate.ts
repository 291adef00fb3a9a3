/**
 * Decoding with a key/value cache, in chunks of a fixed number of rows. A token is drawn by one uniform number a row and
 * position, as the first whose cumulated probability reaches it: what a row gets depends on no other row and on no
 * generator's state. A finished row is decoded on until its whole chunk is done, and what it says then is ignored.
 *
 * Shapes: B rows of a chunk, V vocabulary.
 */
import { type Hooks, noHooks } from '../hooks.js'
import { paddedLength, placesOfColumns, promptBatch } from './batch.js'
import { type Decoder, hiddenStates, type LayerCache, logitsOf, makeDecoder, type Places } from './decoder.js'
import type { Policy } from './policy.js'
import { type Tensor, tf } from './tensorflow.js'
import { tidy } from './tidy.js'

export interface Generated {
  /** With the end-of-sequence token, when it was drawn. */
  tokens: number[]
  /** log pi of each token at temperature 1. */
  logProbs: number[]
  finish: 'stop' | 'length'
  /** P(EOS) at temperature 1 before each token; present when asked for. */
  eosProbabilities?: number[]
}

export interface GenerateOptions {
  policy: Policy
  /** Token ids of each row's prompt. */
  prompts: readonly (readonly number[])[]
  /** In [0, 1) for a sampled token, null for the likeliest one. */
  uniforms: (row: number, position: number) => number | null
  /** Divides the logits of sampled tokens. */
  temperature?: number
  maxTokens: number
  /** Rows decoded together; the last chunk is filled with dummy rows. */
  chunk: number
  eosProbabilities?: boolean
  hooks?: Hooks
}

/** Smallest number that is drawn against, so that a token of probability 0 before the first real one is never reached. */
const LEAST_UNIFORM = 2 ** -25

export async function generate(options: GenerateOptions): Promise<Generated[]> {
  const { policy, prompts, chunk, hooks = noHooks } = options
  if (prompts.length === 0) return []
  const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 1)
  const length = paddedLength(longest)
  const decoder = tidy(() => makeDecoder(policy))
  const results: Generated[] = []
  try {
    for (let first = 0; first < prompts.length; first += chunk) {
      results.push(...decodeChunk({ ...options, decoder, first, length }))
      await hooks.tick({ done: Math.min(first + chunk, prompts.length), of: prompts.length })
    }
  } finally {
    const owned = new Set(policy.weights.values())
    for (const tensor of tensorsOf(decoder)) if (!owned.has(tensor)) tensor.dispose()
  }
  return results
}

function decodeChunk({
  policy,
  prompts,
  uniforms,
  temperature = 1,
  maxTokens,
  chunk,
  eosProbabilities = false,
  decoder,
  first,
  length,
}: GenerateOptions & { decoder: Decoder; first: number; length: number }): Generated[] {
  const { architecture, tokenizer } = policy
  const rows = Math.min(chunk, prompts.length - first)
  const dummy = prompts[first] as readonly number[]
  const chunkPrompts = Array.from({ length: chunk }, (_, row) =>
    row < rows ? (prompts[first + row] as readonly number[]) : dummy,
  )
  const open = Array.from({ length: chunk }, (_, row) => row < rows)
  const drawn: Int32Array[] = []
  const kept: Tensor[] = []

  const batch = tidy(() => promptBatch({ prompts: chunkPrompts, padId: tokenizer.padId, architecture, length }))
  const step = (ids: Tensor, places: Places, past: readonly LayerCache[]): { logits: Tensor; cache: LayerCache[] } =>
    tidy(() => {
      const { hidden, cache } = hiddenStates({ decoder, ids, places, cache: past })
      const tokens = ids.shape[1] as number
      const last = tokens === 1 ? hidden : hidden.reshape([chunk, tokens, -1]).slice([0, tokens - 1, 0], [-1, 1, -1])
      return { logits: logitsOf(decoder, last.reshape([chunk, -1])), cache }
    })
  let state = step(batch.ids, batch.places, [])
  tf.dispose([batch.ids, ...Object.values(batch.places)])

  for (let position = 0; position < maxTokens; position++) {
    const numbers = Array.from({ length: chunk }, (_, row) => (row < rows ? uniforms(first + row, position) : null))
    const { ids, seen } = tidy(() =>
      drawTokens({ logits: state.logits, numbers, temperature, eosIds: eosProbabilities ? tokenizer.eosIds : [] }),
    )
    kept.push(seen)
    const picked = (ids.dataSync() as Int32Array).slice()
    drawn.push(picked)
    for (let row = 0; row < rows; row++) if (tokenizer.eosIds.includes(picked[row] as number)) open[row] = false
    if (position + 1 === maxTokens || !open.includes(true)) {
      ids.dispose()
      break
    }
    const column = length + position
    const before = state
    state = tidy(() =>
      step(
        ids.reshape([chunk, 1]),
        placesOfColumns({ architecture, padding: batch.padding, from: column, to: column + 1 }),
        before.cache,
      ),
    )
    tf.dispose([ids, before.logits, ...tensorsOfCache(before.cache)])
  }
  tf.dispose([state.logits, ...tensorsOfCache(state.cache)])
  const numbers = kept.map(tensor => {
    const data = tensor.dataSync() as Float32Array
    tensor.dispose()
    return data
  })
  return Array.from({ length: rows }, (_, row) =>
    collect({ row, drawn, numbers, chunk, eosIds: tokenizer.eosIds, eosProbabilities }),
  )
}

/** One token a row: ids [B], and what was seen of the drawing, [1, B] log-probabilities, with P(EOS) under them where asked for. */
function drawTokens({
  logits,
  numbers,
  temperature,
  eosIds,
}: {
  logits: Tensor
  numbers: readonly (number | null)[]
  temperature: number
  eosIds: readonly number[]
}): { ids: Tensor; seen: Tensor } {
  const [rows, vocabulary] = logits.shape as [number, number]
  const sampled = () => {
    const cumulated = tf.cumsum(tf.softmax(temperature === 1 ? logits : logits.div(temperature)), 1)
    const draws = tf.tensor2d(
      numbers.map(number => Math.max(number ?? 0, LEAST_UNIFORM)),
      [rows, 1],
    )
    const reached = draws.mul(cumulated.slice([0, vocabulary - 1], [-1, 1]))
    return tf.less(cumulated, reached).sum(1).cast('int32')
  }
  const ids = numbers.every(number => number === null) ? tf.argMax(logits, 1) : sampled()
  const logs: Tensor = tf.logSoftmax(logits as never)
  const logProbs = logs.mul(tf.oneHot(ids as never, vocabulary)).sum(1)
  const ends = eosIds.map(id => logs.slice([0, id], [-1, 1]).exp().reshape([rows]))
  return { ids, seen: tf.stack(ends.length === 0 ? [logProbs] : [logProbs, ends.reduce((sum, end) => sum.add(end))]) }
}

function collect({
  row,
  drawn,
  numbers,
  chunk,
  eosIds,
  eosProbabilities,
}: {
  row: number
  drawn: readonly Int32Array[]
  numbers: readonly Float32Array[]
  chunk: number
  eosIds: readonly number[]
  eosProbabilities: boolean
}): Generated {
  const ids = drawn.map(picked => picked[row] as number)
  const end = ids.findIndex(id => eosIds.includes(id))
  const length = end === -1 ? ids.length : end + 1
  return {
    tokens: ids.slice(0, length),
    logProbs: numbers.slice(0, length).map(data => data[row] as number),
    finish: end === -1 ? 'length' : 'stop',
    ...(eosProbabilities
      ? { eosProbabilities: numbers.slice(0, length).map(data => data[chunk + row] as number) }
      : {}),
  }
}

const tensorsOf = (decoder: Decoder): Tensor[] => [
  decoder.embedding,
  decoder.norm,
  decoder.head,
  ...decoder.layers.flatMap(layer => Object.values(layer) as Tensor[]),
]

const tensorsOfCache = (cache: readonly LayerCache[]): Tensor[] => cache.flatMap(({ keys, values }) => [keys, values])
