/**
 * The report of a run: one HTML page that stands alone, with no script and no request outside itself. Unlike the paper's tables it gives
 * seeds and intervals, and says in words what the figures support and what they do not.
 */
import type { Plan } from '../../config/schema.js'
import type { Comparison } from '../comparison.js'
import type { ExperimentOutcome } from '../outcome.js'
import { publishedTable } from '../published.js'
import { claim } from './claim.js'
import { configurationSection } from './configuration.js'
import { curvesSection } from './curves.js'
import { differenceFigure } from './difference-figure.js'
import { eosSection } from './eos-figure.js'
import { type ArmMark, legend } from './figure.js'
import { columnsTable, differencesTable, endpointTable } from './figures-tables.js'
import { type Html, html, table } from './html.js'
import { page } from './page.js'
import { responsesSection } from './responses.js'
import { sectionsSection } from './sections.js'
import { valueFigure } from './value-figure.js'

/** The page. `versions`: part to version; `links`: name to web address of where the run can be watched. */
export function renderReport({
  plan,
  outcomes,
  comparison,
  versions,
  links,
}: {
  plan: Plan
  outcomes: readonly ExperimentOutcome[]
  comparison: Comparison
  versions: Readonly<Record<string, string>>
  links: Readonly<Record<string, string>>
}): string {
  const done = outcomes.filter(outcome => outcome.state === 'done')
  const marks = comparison.arms.map(({ arm }, index): ArmMark => ({ name: arm, index }))
  const values = outcomes.find(outcome => outcome.valueStatistics.n > 0)?.valueStatistics
  const body = html`<p class="faint">${subtitle(plan, comparison)}</p>
${claim(plan, comparison)}
${missing(comparison)}
<h2>Main result</h2>
${differenceFigure(comparison, marks)}
${endpointTable(comparison)}
${comparison.notes.map(note => html`<p class="faint">${note}</p>`)}
<h2>The paper's columns, before and after training</h2>
${columnsTable(comparison, 'expected')}
${columnsTable(comparison, 'greedy')}
${differencesTable(comparison)}
${published(comparison)}
<p class="faint">Acc: share of correct answers. H-Acc: value of the correct answers over the value of all. Density: H-Acc in percent over length. Acc high and
low: over the top and bottom fifth of the items by value.</p>
<h2>Training</h2>
${legend(marks)}
${curvesSection(marks, done)}
<h2>By section</h2>
${sectionsSection(comparison, marks)}
<h2>Values</h2>
${values === undefined ? html`<p class="faint">No values were read.</p>` : valueFigure(values)}
<h2>When the policy ends its response</h2>
${eosSection(marks, done)}
<h2>Sample responses</h2>
${responsesSection(marks, done)}
<h2>What was run</h2>
${configurationSection({ plan, outcomes, versions, links })}`
  return page({ name: plan.name, body })
}

function subtitle(plan: Plan, { arms }: Comparison): string {
  const config = plan.kind === 'sweep' ? plan.arms[0]?.config : plan.config
  if (config === undefined) return 'No arms.'
  const seeds = [...new Set(arms.flatMap(arm => arm.seeds))].sort((a, b) => a - b)
  const data = config.data.source === 'synthetic' ? `synthetic exam ${config.data.exam}` : 'exam items of a file'
  const estimators = [...new Set((plan.kind === 'sweep' ? plan.arms : [plan]).map(arm => arm.config.estimator.name))]
  const seeded = seeds.length === 0 ? 'no seed done' : `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`
  const { steps, rollout, update } = config
  return `${data}, ${estimators.join(', ')}, ${update.optimizer}, ${steps} steps of ${rollout.prompts} prompts with ${rollout.samples} samples; ${arms.length} ${arms.length === 1 ? 'arm' : 'arms'}, ${seeded}.`
}

function published(comparison: Comparison): Html {
  const found = publishedTable(comparison)
  if (found === null) return html``
  const { title, header, rows } = found
  return table({ caption: `${title}.`, header, rows: rows.map(cells => ({ cells })) })
}

function missing(comparison: Comparison): Html {
  if (comparison.missing.length === 0) return html``
  const entries = comparison.missing.map(
    ({ arm, seed, state, failure }) =>
      html`<li>${arm}, seed ${seed}: ${state}${failure === undefined ? '' : `: ${failure}`}</li>`,
  )
  return html`<h2>Left out</h2><p>These experiments are not done and count in no figure:</p><ul>${entries}</ul>`
}
