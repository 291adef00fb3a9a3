/** The sentences of a conclusion on the effect, the verdict and the controls. */
import type { Comparison } from '../../comparison/comparison.js'
import type { ClaimRule, ClaimVerdict } from '../../statistics/claim-rule.js'
import { intervalOf, minRunsForInterval, shownHalf } from '../../statistics/estimate.js'
import { percent } from '../../text/percent.js'
import { percentEstimate, pointsDifference, pValue } from '../tables/format.js'
import { type Compared, isPaired, listed, type Paired } from './subjects.js'

/** Differences that fit into a sentence. */
const maxDifferences = 3

/** `experiments`: that the plan asks for. */
export function effectOf(
  { endpointName, missing }: Comparison,
  { subjects, experiments }: { subjects: readonly Compared[]; experiments: number },
): string {
  const lacking =
    missing.length === 0
      ? ''
      : `; ${missing.length} of ${experiments} experiments ${missing.length === 1 ? 'is not done and is' : 'are not done and are'} left out`
  const [first, ...others] = subjects.filter(isPaired)
  if (first === undefined) {
    return `No seed is done both of ${names(subjects) || 'an arm'} and of the baseline, so no difference can be given${lacking}.`
  }
  const size = ({ arm, against }: Paired, unit: string) =>
    `${arm.arm} minus ${against} is ${pointsDifference(arm.endpointDifference)}${unit}`
  const shown = [size(first, ' points'), ...others.slice(0, maxDifferences - 1).map(one => size(one, ''))]
  const hidden = 1 + others.length - shown.length
  const more = hidden === 0 ? '' : `, with ${hidden} more in the tables`
  const pairs = [first, ...others].map(({ arm }) => arm.endpointDifference.n)
  return `In ${endpointName}, ${shown.join(', ')}${more} (${basisOf(pairs)}${lacking}).`
}

/** What intervals are over. `pairs`: seeds of each difference. */
function basisOf(pairs: readonly number[]): string {
  const [fewest, most] = [Math.min(...pairs), Math.max(...pairs)]
  if (most === 1) return 'one seed, so no interval'
  if (most < minRunsForInterval) return `${most} paired seeds, too few for an interval`
  return `95% interval over ${fewest === most ? most : `${fewest} to ${most}`} paired seeds`
}

/** Of a single experiment, before and after training. */
export function effectAlone({ arms, sampled }: Comparison): string {
  const figures = arms[0]?.figures ?? null
  if (figures === null) return 'It is not done, so there are no figures.'
  const { base, final } = figures
  const decoding = sampled ? 'expected' : 'greedy'
  const change = (key: 'hAcc' | 'acc') =>
    `from ${percentEstimate(base[decoding][key])}% to ${percentEstimate(final[decoding][key])}%`
  return `${sampled ? 'Expected' : 'Greedy'} H-Acc, accuracy weighted by value, went ${change('hAcc')}, ${decoding} Acc ${change('acc')}.`
}

/** Each verdict with its arms; with the reason where there is one arm. */
export function verdictOf({ claimRule }: Comparison, paired: readonly Paired[]): string {
  if (claimRule === null || paired.length === 0) return 'Nothing can be claimed without a difference.'
  const [only] = paired
  if (paired.length === 1 && only !== undefined) {
    const { verdict } = only.arm.endpointDifference
    return `A ${claimRule.direction} of ${only.arm.arm} is ${verdict ?? 'undecided'}: ${reason(only, claimRule)}.`
  }
  const order: readonly ClaimVerdict[] = ['supported', 'not supported', 'undecided']
  const groups = order.flatMap(verdict => {
    const own = paired.filter(({ arm }) => (arm.endpointDifference.verdict ?? 'undecided') === verdict)
    return own.length === 0 ? [] : [`${verdict} for ${names(own)} (${own.length} of ${paired.length})`]
  })
  return `A ${claimRule.direction} is ${listed(groups)}.`
}

function reason({ arm: { endpointDifference } }: Paired, { smallest, significance }: ClaimRule): string {
  const { n, pHolm, verdict } = endpointDifference
  const interval = intervalOf(endpointDifference)
  if (interval === null || (verdict === 'undecided' && n < minRunsForInterval)) return 'so few seeds give no interval'
  const p = pHolm !== null && pHolm < 0.001 ? 'p (Holm) is below 0.001' : `p (Holm) is ${pValue(pHolm)}`
  switch (verdict) {
    case 'supported':
      return `the interval lies above 0, and ${p}${pHolm !== null && pHolm < 0.001 ? '' : `, below ${significance}`}`
    case 'not supported':
      return smallest === 0
        ? 'the interval lies below 0'
        : `the interval holds no gain of ${percent(smallest)} points, the smallest of interest`
    case 'undecided':
    case null:
      return interval.low > 0
        ? `the interval lies above 0, but ${p}, not below ${significance}`
        : 'the interval includes 0'
    default:
      return verdict satisfies never
  }
}

export function aboutControls(controls: readonly Compared[]): string {
  if (controls.length === 0) {
    return 'The sweep has no control: an arm with value.ablation shuffled, or a placebo, would show what noise alone does.'
  }
  const paired = controls.filter(isPaired)
  if (paired.length === 0) return `No seed of the controls (${names(controls)}) is paired with the baseline.`
  const shown = paired.map(one => `${label(one)} ${pointsDifference(one.arm.endpointDifference)}`)
  const figures = `${shown.slice(0, maxDifferences).join(', ')}${shown.length > maxDifferences ? ` and ${shown.length - maxDifferences} more` : ''}`
  if (paired.every(({ arm }) => shownHalf(arm.endpointDifference) === null)) {
    return `The controls differ from the baseline by ${figures} points, without an interval.`
  }
  const odd = paired.filter(differs)
  if (odd.length === 0) {
    return `The controls show no gain, as expected: ${figures} points.`
  }
  return `${names(odd)} ${odd.length === 1 ? 'differs' : 'differ'} from the baseline although no difference was expected (${figures} points): a gain of that size need not come from the values.`
}

/** A placebo by its interval, as far as a figure shows it; values without meaning by a gain. */
function differs({ arm: { role, endpointDifference } }: Paired): boolean {
  if (role !== 'placebo') return endpointDifference.verdict === 'supported'
  const { mean } = endpointDifference
  const half = shownHalf(endpointDifference)
  return half !== null && Math.abs(mean) > half && Number(percent(Math.abs(mean))) > 0
}

function label({ arm, config }: Compared): string {
  if (arm.role === 'placebo') return `${arm.arm} (placebo)`
  return config.value.ablation === 'shuffled' ? `${arm.arm} (values permuted)` : `${arm.arm} (one value for all)`
}

const names = (compared: readonly Compared[]): string => listed(compared.map(({ arm }) => arm.arm))
