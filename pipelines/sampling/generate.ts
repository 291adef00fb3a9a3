/**
 * Decoding of many prompts on a fixed number of slots: a sequence that has ended leaves its slot to the next one that waits, and
 * the prompt of several samples is read once. Which row is in which slot when follows from the rows alone, so the same call
 * gives the same bits.
 */

import { withEngine } from '../engine/engine-cache.js'
import { prefixStep, roundedUp } from '../engine/response-batch.js'
import { RlevError } from '../errors.js'
import type { Policy } from '../model/policy.js'
import { type Hooks, noHooks } from '../progress.js'
import { Decodings, type DrawingKind } from './decoding.js'
import type { DecodingShape } from './decoding-caches.js'
import { SamplingWeights } from './sampling-weights.js'
import { type Generated, type Rows, Slots } from './slots.js'
import { samePrompt } from './stored-prompts.js'

export interface GenerateOptions extends Rows {
  policy: Policy
  /** Divides the logits of sampled tokens. */
  temperature?: number
  /** Only the likeliest so many tokens are sampled; null for all. */
  topK?: number | null
  /** Only the likeliest tokens that together reach this probability are sampled. */
  topP?: number
  /** Slots: rows decoded together. */
  chunk: number
  eosProbabilities?: boolean
  hooks?: Hooks
}

/** Tokens drawn a call: few enough that ended rows do not wait long, many enough that a call's cost is small. */
const tokensACall = 8

/** Prompts read together at most. */
const mostPrompts = 32

/** Rows in the order of `prompts`. Rejects with CallInvalid for an empty prompt, NotFinite where the policy's weights are not numbers. */
export async function generate(options: GenerateOptions): Promise<Generated[]> {
  const { policy, prompts, uniforms, maxTokens, hooks = noHooks } = options
  if (prompts.length === 0) return []
  checkPrompts(prompts)
  return withEngine(policy, async engine => {
    const { lanes } = engine.settings
    const weights = engine.part(SamplingWeights)
    const shape = shapeOf(options, lanes)
    const slots = new Slots({
      decoding: engine.part(Decodings).of(shape),
      shape,
      lanes,
      kind: kindOf(options),
      prompts,
      uniforms,
      maxTokens,
      eosIds: policy.tokenizer.eosIds,
      padId: policy.tokenizer.padId,
    })
    try {
      while (!slots.done) {
        // During the tick another policy may have had its turn on the engine.
        engine.use(policy)
        weights.fill()
        slots.advance()
        await hooks.tick({ done: slots.finished, of: prompts.length })
      }
    } finally {
      weights.free()
    }
    return slots.results()
  })
}

function shapeOf({ prompts, maxTokens, chunk }: GenerateOptions, lanes: number): DecodingShape {
  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 1)
  const rest = { prefix: roundedUp(longest - 1, prefixStep), tokens: Math.min(tokensACall, maxTokens) }
  const samples = prompts.length > chunk ? 1 : sharing(prompts, lanes)
  if (samples > 1) return { ...rest, slots: prompts.length, stored: prompts.length / samples, samples, admitted: 0 }
  const different = prompts.filter((prompt, row) => prompt !== prompts[row - 1]).length
  const slots = Math.ceil(chunk / lanes) * lanes
  return {
    ...rest,
    slots,
    stored: Math.ceil(Math.min(mostPrompts, roundedUp(Math.min(different, chunk))) / lanes) * lanes,
    samples,
    admitted: Math.max(1, Math.ceil(slots / lanes / 8)),
  }
}

/** The most neighbours with one prompt, the same number of all prompts, that fill the lanes evenly; 1 where there is none such. */
function sharing(prompts: GenerateOptions['prompts'], lanes: number): number {
  const starts = prompts.flatMap((prompt, row) =>
    row > 0 && samePrompt(prompt, prompts[row - 1] as typeof prompt) ? [] : [row],
  )
  const most = starts.reduce(greatestCommonDivisor, prompts.length)
  const counts = Array.from({ length: most }, (_, index) => most - index)
  const fits = (count: number) =>
    most % count === 0 && (prompts.length / count) % lanes === 0 && prompts.length / count <= mostPrompts
  return counts.find(fits) ?? 1
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))

function kindOf({
  prompts,
  uniforms,
  temperature = 1,
  topK = null,
  topP = 1,
  eosProbabilities = false,
}: GenerateOptions): DrawingKind {
  const greedy = prompts.map((_, row) => uniforms(row, 0) === null)
  const rows = !greedy.includes(true) ? 'sampled' : !greedy.includes(false) ? 'greedy' : 'mixed'
  // Where nothing is sampled these have no effect, and must not make another graph.
  const sharpening = rows === 'greedy' ? { temperature: 1, topK: null, topP: 1 } : { temperature, topK, topP }
  return { rows, ...sharpening, eosProbabilities }
}

function checkPrompts(prompts: readonly (readonly number[])[]): void {
  const row = prompts.findIndex(({ length }) => length === 0)
  if (row === -1) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'a prompt is empty',
    place: `prompt ${row}`,
    expected: 'at least one token',
    found: 'none',
  })
}
