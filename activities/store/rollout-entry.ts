/**
 * The responses of a step as the journal has them: what all responses to a prompt share is stored once, and log-probabilities as the
 * 32-bit numbers that they are, in base64, where JSON needs up to 20 characters each. Tokens, text and finish stay readable.
 *
 * Entries of older versions, and responses that do not have this form, are the rollout as it is.
 */
import { samePrompt } from '../../pipelines/engine/response-batch.js'
import { given } from '../../pipelines/given.js'
import type { Response, Rollout } from '../../pipelines/rollout/response.js'

type LogProbs = 'logProbs' | 'referenceLogProbs'
type Shared = 'itemId' | 'sample' | 'promptTokens'

/** N prompts, S samples of each, T tokens in all responses. */
interface PackedRollout extends Omit<Rollout, 'responses'> {
  /** Of each prompt. [N][tokens of the prompt] */
  promptTokens: readonly (readonly number[])[]
  /** Those to a prompt follow one another, by sample. [N * S] */
  responses: readonly Omit<Response, Shared | LogProbs>[]
  /** Little-endian float32 of the responses' tokens, one after the other, in base64. [T] */
  logProbs: string
  /** The same; present if each response has them. */
  referenceLogProbs?: string
}

export type RolloutEntry = PackedRollout | Rollout

export function packRollout(rollout: Rollout): RolloutEntry {
  const { prompts, responses } = rollout
  const samples = responses.length / prompts.length
  if (!isGrouped(rollout, samples)) return rollout
  const logProbs = float32Text(responses, 'logProbs')
  const measured = responses.some(({ referenceLogProbs }) => referenceLogProbs !== undefined)
  const referenceLogProbs = measured ? float32Text(responses, 'referenceLogProbs') : undefined
  if (logProbs === null || referenceLogProbs === null) return rollout
  return {
    ...rollout,
    promptTokens: prompts.map((_, prompt) => (responses[prompt * samples] as Response).promptTokens),
    responses: responses.map(
      ({ itemId: _, sample: _1, promptTokens: _2, logProbs: _3, referenceLogProbs: _4, ...response }) => response,
    ),
    logProbs,
    ...given({ referenceLogProbs }),
  }
}

export function unpackRollout(entry: RolloutEntry): Rollout {
  if (!('promptTokens' in entry)) return entry
  const { promptTokens, responses, logProbs, referenceLogProbs, ...rollout } = entry
  const samples = responses.length / rollout.prompts.length
  const own = float32Of(logProbs)
  const reference = referenceLogProbs === undefined ? undefined : float32Of(referenceLogProbs)
  let first = 0
  return {
    ...rollout,
    responses: responses.map((response, row): Response => {
      const prompt = Math.floor(row / samples)
      const end = first + response.tokens.length
      const ofTokens = (all: Float32Array) => [...all.subarray(first, end)]
      const whole = {
        itemId: rollout.prompts[prompt] as string,
        sample: row % samples,
        promptTokens: promptTokens[prompt] as number[],
        ...response,
        logProbs: ofTokens(own),
        ...given({ referenceLogProbs: reference && ofTokens(reference) }),
      }
      first = end
      return whole
    }),
  }
}

/** Whether item, sample and prompt of a response follow from its place. */
function isGrouped({ prompts, responses }: Rollout, samples: number): boolean {
  return (
    Number.isInteger(samples) &&
    samples > 0 &&
    responses.every((response, row) => {
      const first = responses[row - (row % samples)] as Response
      const { itemId, sample } = response
      const isInPlace = itemId === prompts[Math.floor(row / samples)] && sample === row % samples
      return isInPlace && samePrompt(response, first)
    })
  )
}

/** Null if one is not a finite 32-bit number, or a response does not have one for each of its tokens. */
function float32Text(responses: readonly Response[], name: LogProbs): string | null {
  const bytes = Buffer.allocUnsafe(4 * responses.reduce((sum, { tokens }) => sum + tokens.length, 0))
  let at = 0
  for (const { tokens, [name]: values } of responses) {
    if (values?.length !== tokens.length) return null
    for (const value of values) {
      if (!Number.isFinite(value) || Math.fround(value) !== value) return null
      at = bytes.writeFloatLE(value, at)
    }
  }
  return bytes.toString('base64')
}

function float32Of(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index))
}
