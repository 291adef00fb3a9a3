/**
 * The gradient of the expected reward in the logit of EOS at one position of a response (eq. 13 of the paper's appendix), twice: as
 * the paper predicts it, s(x) pi_e (1 - pi_e) (p_e - p_not_e), and as autograd gives it through the policy-gradient objective. Unlike
 * the paper, which samples, every continuation of at most K tokens is taken with its probability, so both are exact; what has not
 * ended after K tokens is wrong, as a response that is cut off at its limit.
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
  /** p_not_e: probability of a correct response, given that it goes on. */
  going: number
  /** dJ/dz_e by the formula. */
  predicted: number
  /** dJ/dz_e by autograd. */
  differentiated: number
}

/** Continuations that are looked at; with V tokens there are about V^K. */
const most = 20_000

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
  /** Tokens of the response so far, none of them EOS. */
  begun: readonly number[]
  /** K */
  furtherTokens: number
  /** s(x) */
  scale: number
  /** The verdict on a response that has ended; its tokens are without EOS. */
  correct: (tokens: readonly number[]) => boolean
}): EosGradient {
  const { tokenizer, architecture } = policy
  const ends = (token: number) => tokenizer.eosIds.includes(token)
  const tokens = Array.from({ length: architecture.vocabulary }, (_, token) => token).filter(
    token => ends(token) || token !== tokenizer.padId,
  )
  const ways = continuations({ tokens, ends, furtherTokens })
  const paths: Path[] = chunks(ways).flatMap(part => {
    const rows = logProbsOf(
      policy,
      part.map(way => ({ promptTokens, tokens: [...begun, ...way] })),
      { prompts: 1, samples: chunk, tokens: begun.length + furtherTokens },
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
  /** Tokens after those begun. */
  way: readonly number[]
  probability: number
  correct: boolean
}

/** Every one of at most K tokens that ends with EOS or is K long. */
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
    if (whole.length + open.length <= most) continue
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'too many continuations to take them all',
      place: `EOS gradient over ${furtherTokens} further tokens`,
      expected: `at most ${most} continuations`,
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
    // REINFORCE without a baseline: the reward, s(x) or 0, times how often the response is drawn.
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
