/**
 * The loss as one number a token, for an engine that computes the gradient elsewhere and takes
 *
 *   c_it = -dL / dlog pi_it
 *
 * so that the gradient of L is that of -sum_it c_it log pi_it with c fixed. With L, G, w, A, rho and the divisors of
 * loss.ts (f_i / d_i is the row's weight),
 *
 *   c_it = (f_i / d_i) ( w_it A_i g_it - beta k'_it )
 *   g    = 1; with a clipped ratio rho_it where l_i <= rho_it <= u_i, else 0
 *   k'   = 1 (k1); x (k2); 1 - exp(-x) (k3)       x = log pi_it - log ref_it
 *
 * The entropy has no such form: its gradient is of all tokens that could have been drawn, not of the one that was.
 */
import { klTerms } from '../advantages/kl.js'
import { RlevError } from '../errors.js'
import type { LossRow, LossTerms } from './loss.js'
import { boundsOf } from './ratio.js'

export interface RowCoefficients {
  /** c of each token. */
  coefficients: number[]
  /** The row's part of L. */
  loss: number
  /** Sum over the tokens of |log pi - sampled log pi|. */
  gap: number
  /** As of the loss on tensors: with a clipped ratio, tokens that are clipped and their k3 divergence (ratio.ts). */
  measured: number[]
}

/** `current`: log pi of each token of the row under the policy that is about to change. Throws CallInvalid for an entropy term. */
export function coefficientsOf(row: LossRow, current: readonly number[], terms: LossTerms): RowCoefficients {
  const { kl = null, clip = null, importance = false, entropyCoefficient = 0 } = terms
  if (entropyCoefficient > 0) throw withoutForm()
  const { lower, upper } = clip === null ? { lower: 0, upper: 0 } : boundsOf(row.advantage, clip)
  const tokens = row.tokens.map((_, token) => {
    const logProb = current[token] as number
    const sampled = row.logProbs[token] as number
    const gainWeight = (importance ? (row.importance?.[token] as number) : 1) * row.advantage
    const log = logProb - (row.oldLogProbs?.[token] ?? sampled)
    const ratio = Math.exp(log)
    const isInside = clip === null || (lower <= ratio && ratio <= upper)
    const factor = clip === null ? logProb : Math.min(Math.max(ratio, lower), upper)
    const slope = clip === null ? 1 : isInside ? ratio : 0
    const away = kl === null ? null : divergenceOf(kl, logProb, row.referenceLogProbs?.[token] as number)
    return {
      coefficient: row.weight * (gainWeight * slope - (away?.slope ?? 0)),
      loss: row.weight * ((away?.value ?? 0) - gainWeight * factor),
      gap: Math.abs(logProb - sampled),
      clipped: isInside ? 0 : 1,
      divergence: Math.expm1(log) - log,
    }
  })
  const sum = (read: (token: (typeof tokens)[number]) => number) =>
    tokens.reduce((total, token) => total + read(token), 0)
  return {
    coefficients: tokens.map(({ coefficient }) => coefficient),
    loss: sum(({ loss }) => loss),
    gap: sum(({ gap }) => gap),
    measured: clip === null ? [] : [sum(({ clipped }) => clipped), sum(({ divergence }) => divergence)],
  }
}

/** beta k and its derivative by log pi. */
function divergenceOf(
  { estimator, coefficient }: NonNullable<LossTerms['kl']>,
  logProb: number,
  reference: number,
): { value: number; slope: number } {
  const x = logProb - reference
  const slopes = { k1: 1, k2: x, k3: -Math.expm1(-x) }
  return { value: coefficient * klTerms(logProb, reference)[estimator], slope: coefficient * slopes[estimator] }
}

function withoutForm(): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the entropy in the loss has no coefficient a token',
    place: 'update.entropyCoefficient',
    expected: '0',
    found: 'a positive number',
    remedy: 'leave it out, or use engine.kind: local',
  })
}
