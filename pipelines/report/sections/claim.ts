/** What the figures support, in words, by a rule stated beside it; and what they do not support, whatever they are. */

import type { ArmComparison, Comparison } from '../../comparison/comparison.js'
import type { Plan } from '../../config/schema.js'
import { type Html, html } from '../html.js'
import { gainRule, percentEstimate, pointsDifference, pValue } from '../tables/format.js'

export function claim(plan: Plan, comparison: Comparison): Html {
  const { arms, baseline, endpointName, claimRule } = comparison
  const lines =
    baseline === null
      ? arms.map(alone)
      : arms.flatMap(arm => (arm.against === null ? [] : [html`<p>${sentence(arm, arm.against)}</p>`]))
  const rule =
    claimRule === null
      ? 'A single experiment has nothing to be compared with: its figures describe one run.'
      : `Rule: ${gainRule(claimRule, `the 95% interval over seeds of its difference in ${endpointName}`)}`
  const config = plan.kind === 'sweep' ? plan.arms[0]?.config : plan.config
  const designed =
    config?.data.source === 'synthetic'
      ? ' The exam is synthetic and its sections are made to compete, so the size of an effect depends on its composition.'
      : ''
  return html`<div class="claim">${lines}<p class="faint">${rule}</p>
<p class="faint">What such a comparison can support: at a limited budget, values steer what is learned first. It does not show a better final accuracy or shorter
answers: given enough steps the arms may meet, and easy items of little value can pay for it.${designed}</p></div>
`
}

function alone({ arm, figures }: ArmComparison): Html {
  if (figures === null) return html`<p>${arm}: not done.</p>`
  const { base, final } = figures
  return html`<p>${arm}: expected H-Acc from ${percentEstimate(base.expected.hAcc)}% to ${percentEstimate(final.expected.hAcc)}%, expected Acc from
${percentEstimate(base.expected.acc)}% to ${percentEstimate(final.expected.acc)}%.</p>`
}

/** One sentence on an arm against the baseline, never stronger than its interval. */
export function sentence(
  { arm, role, endpointDifference }: Pick<ArmComparison, 'arm' | 'role' | 'endpointDifference'>,
  baseline: string,
): string {
  if (endpointDifference === null) return `${arm}: no seed in common with ${baseline}, so no difference can be given.`
  const { n, mean, half, p, pHolm, verdict } = endpointDifference
  const size = `${arm} minus ${baseline}: ${pointsDifference(endpointDifference)} points`
  if (half === null) return `${size}, on one seed: no interval can be given, and it may be chance alone.`
  const outside = Math.abs(mean) > half
  if (role === 'placebo') {
    return outside
      ? `${size} (${n} pairs). It is a declared placebo: a difference whose interval leaves out 0 says how far noise, or what the placebo still changes, reaches.`
      : `${size} (${n} pairs), a declared placebo: as expected, no clear difference.`
  }
  const words = verdict === 'undecided' || verdict === null ? 'undecided: chance could do this' : `a gain is ${verdict}`
  return `${size} (${n} pairs, p ${pValue(p)}, Holm ${pValue(pHolm)}): ${words}.`
}
