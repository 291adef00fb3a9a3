/** The difference of an arm to the baseline on the endpoint, and its verdict, corrected for the number of arms. */
import { type ClaimRule, judge } from '../statistics/claim-rule.js'
import { effectSize } from '../statistics/effect-size.js'
import { intervalOf, minRunsForInterval, standardDeviation } from '../statistics/estimate.js'
import { holm } from '../statistics/holm.js'
import { differencesOf, pairedDifference } from '../statistics/paired-difference.js'
import { minimumDetectable } from '../statistics/power.js'
import { signFlipTest } from '../statistics/sign-flip.js'
import type { ArmComparison, EndpointDifference } from './comparison.js'

/** Endpoints of the arm and of the baseline, seed by seed. Correction and verdict need all arms and follow in `withClaims`. */
export function endpointDifference({
  own,
  other,
  seedsAndItems,
}: {
  own: readonly number[]
  other: readonly number[]
} & Pick<EndpointDifference, 'seedsAndItems'>): EndpointDifference {
  const differences = differencesOf(own, other)
  return {
    ...pairedDifference(own, other),
    pHolm: null,
    pSignFlip: signFlipTest(differences).p,
    effect: effectSize(differences),
    detectable: minimumDetectable({ seeds: differences.length, deviation: standardDeviation(differences) }),
    seedsAndItems,
    verdict: null,
  }
}

/** Each arm that is not a placebo is a hypothesis. A placebo is a check and takes no share of the error. */
export function withClaims(rule: ClaimRule, arms: readonly ArmComparison[]): ArmComparison[] {
  const tested = arms.filter(arm => arm.role === 'arm' && arm.endpointDifference?.p != null)
  const corrected = holm(tested.map(arm => arm.endpointDifference?.p ?? 1))
  return arms.map(arm => {
    if (arm.role !== 'arm' || arm.endpointDifference === null) return arm
    const pHolm = corrected[tested.indexOf(arm)] ?? null
    const { n } = arm.endpointDifference
    const interval = n < minRunsForInterval ? null : intervalOf(arm.endpointDifference)
    const verdict = judge({ interval, p: pHolm }, rule)
    return { ...arm, endpointDifference: { ...arm.endpointDifference, pHolm, verdict } }
  })
}
