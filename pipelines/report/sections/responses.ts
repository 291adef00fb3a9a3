/** Ten greedy responses of each arm at the end of training, as the model wrote them: markup in them shows as text. */

import { shortened } from '../../printable.js'
import { markText } from '../../rewards/mark.js'
import { type Html, html, table } from '../html.js'
import type { Material } from '../material.js'
import { numberCell } from '../tables/cells.js'
import type { Cell } from '../tables/table.js'

/** Characters of a prompt or a response in the table. */
const maxCharacters = 4000

/** Null where no arm was evaluated. */
export function responsesSection({ marks, done }: Pick<Material, 'marks' | 'done'>): Html | null {
  const parts = marks.flatMap(({ name }, index) => {
    const outcome = done.find(one => one.arm === name && one.evaluations.length > 0)
    const evaluation = outcome?.evaluations.at(-1)
    if (outcome === undefined || evaluation === undefined) return []
    const text = (content: string): Cell => ({ text: shortened(content, maxCharacters), as: 'verbatim' })
    const rows = evaluation.responses.map(response => ({
      cells: [
        response.section,
        numberCell(response.value.toFixed(3), response.value),
        markText(response),
        text(response.prompt),
        text(response.answer),
        text(response.text),
      ],
    }))
    const open = index === 0 ? html`<details open>` : html`<details>`
    return [
      html`${open}<summary>${name}</summary>
${table({
  name: `responses-${name}`,
  title: `${name}, seed ${outcome.seed}, step ${evaluation.step}: greedy responses to the same test items in every arm`,
  header: ['section', 'value', 'verdict', 'prompt', 'reference', 'response'],
  rows,
  words: true,
})}</details>
`,
    ]
  })
  return parts.length === 0 ? null : html`${parts}`
}
