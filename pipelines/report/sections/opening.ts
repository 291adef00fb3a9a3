/** The first screen of a report: the question, the answer with its rule, and the terms. */
import type { Comparison } from '../../comparison/comparison.js'
import type { Plan } from '../../config/schema.js'
import { conclude } from '../conclusion/conclude.js'
import { type Html, html } from '../html.js'
import { gainRule } from '../tables/format.js'
import { termList, termsOfComparison } from './terms.js'

export function opening(plan: Plan, comparison: Comparison): Html {
  const { endpointName, claimRule } = comparison
  const { question, effect, verdict, controls } = conclude({ plan, comparison, command: (...words) => words.join(' ') })
  const config = plan.kind === 'sweep' ? plan.arms[0]?.config : plan.config
  const synthetic =
    config?.data.source === 'synthetic'
      ? ' The exam is synthetic and its sections compete by design, so the size of an effect depends on its composition.'
      : ''
  const rule =
    claimRule === null
      ? null
      : html`<p class="faint">Rule: ${gainRule(claimRule, `the 95% interval over seeds of its difference in ${endpointName}`)}</p>`
  return html`<p class="question">${question}</p>
<div class="claim"><p>${effect}</p><p><strong>${verdict}</strong></p>${claimRule === null ? null : html`<p>${controls}</p>`}${rule}</div>
${termList(termsOfComparison(plan, comparison))}
<p class="faint">What such a comparison can support: with a limited number of steps, values decide what is learned first. It does not show that the final
accuracy is better or that answers are shorter: with enough steps the arms may meet, and accuracy on easy items of little value may be lost.${synthetic}</p>
`
}
