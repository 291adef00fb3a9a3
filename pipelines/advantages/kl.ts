/**
 * Estimators of KL(policy || reference) from tokens drawn from the policy (Schulman's k1, k2, k3). The sign is the one of
 * the divergence: k1 = log pi - log ref, positive if the policy gives its token the higher probability.
 */
import { RlevError } from '../errors.js'

export interface KlTerms {
  /** log pi - log ref: unbiased, can be negative. */
  k1: number
  /** (log pi - log ref)^2 / 2: biased, never negative; as a loss its gradient is that of the divergence. */
  k2: number
  /** ref / pi - 1 - log(ref / pi): unbiased, never negative; as a loss (GRPO) its gradient is an approximation. */
  k3: number
}

/** Of one token, in nats. */
export function klTerms(logProb: number, referenceLogProb: number): KlTerms {
  const k1 = logProb - referenceLogProb
  // With expm1, k3 does not become negative by rounding if the two nearly agree.
  return { k1, k2: (k1 * k1) / 2, k3: Math.expm1(-k1) + k1 }
}

/** Summed over the tokens of a response, in nats. */
export function klOfResponse({
  itemId,
  logProbs,
  referenceLogProbs,
}: {
  itemId: string
  logProbs: readonly number[]
  referenceLogProbs?: readonly number[]
}): KlTerms {
  if (referenceLogProbs === undefined || referenceLogProbs.length !== logProbs.length) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the divergence from the reference needs its log-probabilities',
      place: `response to ${itemId}`,
      expected: `${logProbs.length} log-probabilities under the reference policy`,
      found: `${referenceLogProbs?.length ?? 'none'}`,
      remedy: 'roll out with kl.place log, reward or loss',
    })
  }
  const sum: KlTerms = { k1: 0, k2: 0, k3: 0 }
  for (const [index, logProb] of logProbs.entries()) {
    const terms = klTerms(logProb, referenceLogProbs[index] ?? Number.NaN)
    sum.k1 += terms.k1
    sum.k2 += terms.k2
    sum.k3 += terms.k3
  }
  return sum
}
