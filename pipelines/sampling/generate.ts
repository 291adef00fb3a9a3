/**
 * Decodes many prompts on a fixed number of slots. When a row ends, the next waiting row takes its slot. The
 * prompt of several samples is read once. Which row is in which slot follows from the rows alone, so equal
 * calls give equal bits.
 */

import { withEngine } from '../engine/engine-cache.js'
import { prefixStep, roundedUp } from '../engine/response-batch.js'
import { RlevError } from '../errors.js'
import type { Policy } from '../model/policy.js'
import { type Hooks, noHooks } from '../progress.js'
import { Decodings, type DrawingKind } from './decoding.js'
import type { DecodingShape } from './decoding-caches.js'
import { SamplingWeights } from './sampling-weights.js'
import { type Decoded, type Rows, Slots } from './slots.js'
import type { Stops } from './stops.js'
import { samePrompt } from './stored-prompts.js'

export interface GenerateOptions extends Rows {
  policy: Policy
  /** Divides the logits of sampled tokens, and of the distribution that log-probabilities and entropy are of. */
  temperature?: number
  /** Number of slots: rows decoded together. */
  chunk: number
  eosProbabilities?: boolean
  /** Where responses end besides the end-of-sequence token. */
  stops?: Stops | null
  hooks?: Hooks
}

/**
 * Tokens drawn in a call: few enough that ended rows do not wait long, many enough that a call's overhead is
 * small.
 */
const tokensPerCall = 8

/** Prompts that are read together. */
const maxPrompts = 32

/**
 * Rows in the order of `prompts`. Rejects with CallInvalid for an empty prompt, NotFinite if the policy's
 * weights are not finite.
 */
export async function generate(options: GenerateOptions): Promise<Decoded[]> {
  const { policy, prompts, uniforms, maxTokens, stops = null, hooks = noHooks } = options
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
      tokenizer: policy.tokenizer,
      stops,
    })
    while (!slots.done) {
      // During the tick another policy may have had its turn on the engine.
      engine.use(policy)
      weights.fill()
      slots.advance()
      await hooks.tick({ done: slots.progress, of: prompts.length })
    }
    return slots.results()
  })
}

function shapeOf({ prompts, maxTokens, chunk }: GenerateOptions, lanes: number): DecodingShape {
  const longest = prompts.reduce((max, { length }) => Math.max(max, length), 1)
  const rest = { prefix: roundedUp(longest - 1, prefixStep), tokens: Math.min(tokensPerCall, maxTokens) }
  const samples = prompts.length > chunk ? 1 : sharing(prompts, lanes)
  if (samples > 1) return { ...rest, slots: prompts.length, stored: prompts.length / samples, samples, admitted: 0 }
  const different = prompts.filter((prompt, row) => prompt !== prompts[row - 1]).length
  const slots = Math.ceil(chunk / lanes) * lanes
  return {
    ...rest,
    slots,
    stored: Math.ceil(Math.min(maxPrompts, roundedUp(Math.min(different, chunk))) / lanes) * lanes,
    samples,
    admitted: Math.max(1, Math.ceil(slots / lanes / 8)),
  }
}

/**
 * The largest number of neighbours with one prompt that is the same for all prompts and fills the lanes evenly;
 * at least 1.
 */
function sharing(prompts: GenerateOptions['prompts'], lanes: number): number {
  const starts = prompts.flatMap((prompt, row) =>
    row > 0 && samePrompt(prompt, prompts[row - 1] as typeof prompt) ? [] : [row],
  )
  const largest = starts.reduce(greatestCommonDivisor, prompts.length)
  const counts = Array.from({ length: largest }, (_, index) => largest - index)
  const fits = (count: number) =>
    largest % count === 0 && (prompts.length / count) % lanes === 0 && prompts.length / count <= maxPrompts
  return counts.find(fits) ?? 1
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))

function kindOf({ prompts, uniforms, temperature = 1, eosProbabilities = false, stops }: GenerateOptions): DrawingKind {
  const greedy = prompts.map((_, row) => uniforms(row, 0) === null)
  const rows = !greedy.includes(true) ? 'sampled' : !greedy.includes(false) ? 'greedy' : 'mixed'
  // If nothing is sampled it has no effect, and must not cause another graph.
  const stopIds = stops?.ids ?? []
  return {
    rows,
    temperature: rows === 'greedy' ? 1 : temperature,
    eosProbabilities,
    ...(stopIds.length === 0 ? {} : { stopIds }),
  }
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
