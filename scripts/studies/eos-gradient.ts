/**
 * The gradient of the expected reward in the logit of EOS at one position of a response (eq. 13 of the paper's
 * appendix), twice: by the paper's formula, s(x) pi_e (1 - pi_e) (p_e - p_not_e), and by autograd through the
 * policy-gradient objective. The paper samples. Here every continuation of at most K tokens is weighted by its
 * probability, so both are exact. A continuation that has not ended after K tokens counts as wrong, like a
 * response that reaches its limit.
 */

import { engineFor } from '../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../pipelines/engine/log-probabilities.js'
import { responseBatch } from '../../pipelines/engine/response-batch.js'
import { responseTensors } from '../../pipelines/engine/response-inputs.js'
import { RlevError } from '../../pipelines/errors.js'
import { type Tensor, tf } from '../../pipelines/graph/tensorflow.js'
import type { Policy } from '../../pipelines/model/policy.js'
import { eosDerivative } from './eos-derivative.js'

export interface EosGradient {
  /** pi_e: probability of ending here. */
  eos: number
  /** p_e: whether a response that ends here is correct, 0 or 1. */
  ended: number
  /** p_not_e: probability of a correct response, given that it continues. */
  going: number
  /** dJ/dz_e by the formula. */
  predicted: number
  /** dJ/dz_e by autograd. */
  differentiated: number
}

/** With V tokens there are about V^K continuations. */
const maxContinuations = 20_000

/** Rows of one pass. */
const chunk = 256

export function eosGradient({
  policy,
  promptTokens,
  begun,
  furtherTokens,
  scale,
  correct,
}: {
  policy: Policy
  promptTokens: readonly number[]
  /** Tokens of the response so far, without EOS. */
  begun: readonly number[]
  /** K */
  furtherTokens: number
  /** s(x) */
  scale: number
  /** The verdict on a response that has ended, by its tokens without EOS. */
  correct: (tokens: readonly number[]) => boolean
}): EosGradient {
  const { tokenizer, architecture } = policy
  const ends = (token: number) => tokenizer.eosIds.includes(token)
  const tokens = Array.from({ length: architecture.vocabulary }, (_, token) => token).filter(
    token => ends(token) || (token !== tokenizer.padId && tokenizer.hasToken(token)),
  )
  const ways = continuations({ tokens, ends, furtherTokens })
  const paths: Path[] = chunks(ways).flatMap(part => {
    const rows = logProbsOf(
      policy,
      part.map(way => ({ promptTokens, tokens: [...begun, ...way] })),
      { limits: { prompts: 1, samples: chunk, tokens: begun.length + furtherTokens } },
    )
    return part.map((way, row) => {
      const last = way.at(-1) as number
      const probability = Math.exp(sum((rows[row] as number[]).slice(begun.length)))
      return { way, probability, correct: ends(last) && correct([...begun, ...way.slice(0, -1)]) }
    })
  })
  const [now, later] = [
    paths.filter(({ way }) => ends(way[0] as number)),
    paths.filter(({ way }) => !ends(way[0] as number)),
  ]
  const eos = sum(now.map(({ probability }) => probability))
  const ended = now.some(path => path.correct) ? 1 : 0
  const going = sum(later.filter(path => path.correct).map(({ probability }) => probability)) / (1 - eos)
  return {
    eos,
    ended,
    going,
    predicted: scale * eos * (1 - eos) * (ended - going),
    differentiated: sum(
      chunks(paths).map(part => derivativeOf({ policy, promptTokens, begun, furtherTokens, scale, paths: part })),
    ),
  }
}

interface Path {
  /** Tokens after `begun`. */
  way: readonly number[]
  probability: number
  correct: boolean
}

/** All continuations that end with EOS within K tokens, or have K tokens. */
function continuations({
  tokens,
  ends,
  furtherTokens,
}: {
  tokens: readonly number[]
  ends: (token: number) => boolean
  furtherTokens: number
}): number[][] {
  let open: number[][] = [[]]
  const whole: number[][] = []
  for (let length = 1; length <= furtherTokens; length++) {
    const grown = open.flatMap(way => tokens.map(token => [...way, token]))
    whole.push(...grown.filter(way => ends(way.at(-1) as number) || length === furtherTokens))
    open = grown.filter(way => !ends(way.at(-1) as number))
    if (whole.length + open.length <= maxContinuations) continue
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'there are too many continuations',
      place: `EOS gradient over ${furtherTokens} further tokens`,
      expected: `at most ${maxContinuations} continuations`,
      found: `more than that after ${length} tokens of a vocabulary of ${tokens.length}`,
      remedy: 'take fewer further tokens, or a policy with a smaller vocabulary',
    })
  }
  return whole
}

function derivativeOf({
  policy,
  promptTokens,
  begun,
  furtherTokens,
  scale,
  paths,
}: {
  policy: Policy
  promptTokens: readonly number[]
  begun: readonly number[]
  furtherTokens: number
  scale: number
  paths: readonly Path[]
}): number {
  const engine = engineFor(policy)
  const batch = responseBatch({
    groups: [paths.map(({ way }) => ({ promptTokens, tokens: [...begun, ...way] }))],
    padId: policy.tokenizer.padId,
    lanes: engine.settings.lanes,
    limits: { prompts: 1, samples: chunk, tokens: begun.length + furtherTokens },
  })
  const { prompts, samples, tokens: width } = batch.shape
  const rows = prompts * samples
  const [place, counted, weights] = [
    new Float32Array(rows * width),
    new Float32Array(rows * width),
    new Float32Array(rows),
  ]
  for (const [index, { way, probability, correct }] of paths.entries()) {
    const row = batch.rows[index] as number
    const at = row * width + begun.length
    place[at] = 1
    counted.fill(1, at, at + way.length)
    // REINFORCE without a baseline: the reward, s(x) or 0, times the probability of the response.
    weights[row] = correct ? scale * probability : 0
  }
  const inputs = [
    ...responseTensors(batch),
    tf.tensor2d(place, [rows, width]),
    tf.tensor2d(counted, [rows, width]),
    tf.tensor2d(weights, [rows, 1]),
  ]
  const [derivative] = eosDerivative(engine, batch.shape)(...inputs) as [Tensor]
  const value = derivative.dataSync()[0] as number
  tf.dispose([...inputs, derivative])
  return value
}

function chunks<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / chunk) }, (_, index) =>
    list.slice(index * chunk, (index + 1) * chunk),
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
