/** Ten greedy responses of each arm at the end of training, as the model wrote them: markup in them shows as text. */

import { shortened } from '../../input/printable.js'
import type { ExperimentOutcome } from '../outcome.js'
import type { ArmMark } from './figure.js'
import { type Html, html, table } from './html.js'

/** Characters of a prompt or a response in the table. */
const longest = 4000

export function responsesSection(arms: readonly ArmMark[], outcomes: readonly ExperimentOutcome[]): Html {
  const parts = arms.map(({ name }, index) => {
    const outcome = outcomes.find(one => one.arm === name && one.evaluations.length > 0)
    const evaluation = outcome?.evaluations.at(-1)
    if (outcome === undefined || evaluation === undefined) return html`<p class="faint">${name}: no responses.</p>`
    const text = (content: string) => html`<span class="text">${shortened(content, longest)}</span>`
    const rows = evaluation.responses.map(response => ({
      cells: [
        response.section,
        text(response.prompt),
        text(response.answer),
        response.value.toFixed(3),
        text(response.text),
        response.verdict,
      ],
    }))
    const open = index === 0 ? html`<details open>` : html`<details>`
    return html`${open}<summary>${name}</summary>
${table({
  caption: `${name}, seed ${outcome.seed}, step ${evaluation.step}: greedy responses to the same test items in every arm.`,
  header: ['section', 'prompt', 'reference', 'value', 'response', 'verdict'],
  rows,
  numeric: false,
})}</details>
`
  })
  return html`${parts}`
}
