/**
 * Rows sampled by a server: one request a row, with a seed that is a function of the row's draw, several requests at a time.
 * The local engine names a uniform number for each token in place of that, so the two draw other responses. A server does
 * not know stop strings by rlev's rule (sampling/stops.ts): it goes on past them, and what follows is cut off here.
 */
import pLimit from 'p-limit'
import type { Sequence } from '../../../pipelines/engine/response-batch.js'
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import type { Hooks } from '../../../pipelines/progress.js'
import { stream } from '../../../pipelines/random.js'
import type { Generated, SampledRow, SampleOptions, Series } from '../../../pipelines/sampling/sampler.js'
import { belonging } from '../../../pipelines/sampling/stops.js'
import type { PolicyTokenizer } from '../../../pipelines/tokenizer/tokenizer.js'
import type { TinkerClient } from '../client.js'
import type { Sampled, SamplingSource } from '../types.js'
import { whileWaiting } from './while-waiting.js'

export interface ServedSource {
  client: TinkerClient
  /** Maximum requests at a time. */
  inFlight: number
  source: SamplingSource
  tokenizer: PolicyTokenizer
}

/** Below 2^31, as servers want it. */
export function seedOf({ purpose, seed }: Series, [first, second, third]: NonNullable<SampledRow['draw']>): number {
  return stream(seed, `${purpose} by a server`).integer(2 ** 31, first, second, third ?? 0)
}

export function sampleRows(from: ServedSource, options: SampleOptions): Promise<Generated[]> {
  const { tokenizer } = from
  const { rows, series, temperature, maxTokens, stops, hooks } = options
  const stop = [...tokenizer.eosIds, ...(stops?.ids ?? [])]
  return inOrder({ from, rows, hooks }, async ({ promptTokens, draw }, calling) => {
    const settings =
      draw === null
        ? { maxTokens, stop, temperature: 0, seed: 0 }
        : { maxTokens, stop, temperature, seed: seedOf(series, draw) }
    const [sampled] = await from.client.sample({ source: from.source, tokens: promptTokens, settings, ...calling })
    return generatedOf(sampled as Sampled, from, options)
  })
}

/** log pi of each token of each sequence under a base model. */
export function baseLogProbabilities(
  from: ServedSource,
  { sequences, hooks, note }: { sequences: readonly Sequence[]; hooks: Hooks; note: string },
): Promise<number[][]> {
  return inOrder({ from, rows: sequences, hooks, note }, async ({ promptTokens, tokens }, calling) => {
    const logProbs = await from.client.logProbsOf({
      source: from.source,
      tokens: [...promptTokens, ...tokens],
      ...calling,
    })
    return finite(logProbs.slice(-tokens.length), from.client)
  })
}

async function inOrder<Row, Result>(
  { from: { inFlight }, rows, hooks, note }: { from: ServedSource; rows: readonly Row[]; hooks: Hooks; note?: string },
  ask: (row: Row, calling: { signal: AbortSignal }) => Promise<Result>,
): Promise<Result[]> {
  const limit = pLimit(inFlight)
  let done = 0
  return whileWaiting(hooks, signal =>
    Promise.all(
      rows.map(row =>
        limit(async () => {
          signal.throwIfAborted()
          const result = await ask(row, { signal })
          await hooks.tick({ done: ++done, of: rows.length, ...given({ note }) })
          return result
        }),
      ),
    ),
  )
}

function generatedOf(sampled: Sampled, { tokenizer, client }: ServedSource, { stops }: SampleOptions): Generated {
  const { tokens, finish, stoppedBy } = belonging(tokenizer, stops, { before: [], fresh: sampled.tokens })
  if (tokens.length === 0) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the Tinker server sampled a response without a token',
      place: client.address,
      expected: 'one token at least',
      found: 'none',
    })
  }
  return {
    tokens: [...tokens],
    logProbs: finite(sampled.logProbs.slice(0, tokens.length), client),
    finish: finish ?? sampled.finish,
    ...given({ stoppedBy }),
  }
}

/** A number that is missing there would be NaN in every sum. */
export function finite(logProbs: number[], { address }: Pick<TinkerClient, 'address'>): number[] {
  const place = logProbs.findIndex(value => !Number.isFinite(value))
  if (place < 0) return logProbs
  throw new RlevError({
    kind: 'NotFinite',
    message: 'the Tinker server gives a token no log-probability',
    place: `${address}, token ${place} of a response`,
    expected: 'a finite number',
    found: String(logProbs[place]),
    remedy: 'compare policy.path with engine.baseModel: a token beyond its vocabulary has none',
  })
}
