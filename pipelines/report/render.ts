/**
 * The report of a run: one HTML page without script and without requests. Unlike the paper's tables it gives seeds and intervals, and
 * says in words what the results support and what they do not.
 */

import type { Comparison } from '../comparison/comparison.js'
import type { ExperimentOutcome } from '../comparison/outcome.js'
import type { Plan } from '../config/schema.js'
import { curvesSection } from './figures/curves.js'
import { differenceFigure } from './figures/differences.js'
import { eosSection } from './figures/eos.js'
import { lengthSection } from './figures/length.js'
import { alphaSection, noiseSection } from './figures/levels.js'
import { valuesSection } from './figures/values.js'
import { type Html, html, table } from './html.js'
import { dataOf, type Material } from './material.js'
import { type Page, page } from './page.js'
import { alarmList } from './sections/alarms.js'
import { sectionsSection } from './sections/by-section.js'
import { configurationSection } from './sections/configuration.js'
import { costsSection } from './sections/costs.js'
import { dataSection } from './sections/data.js'
import { flipsSection } from './sections/flips.js'
import { opening } from './sections/opening.js'
import { responsesSection } from './sections/responses.js'
import { columnsTable, differencesTable } from './tables/columns-tables.js'
import { difficultyTables } from './tables/difficulty-tables.js'
import { ABOUT_CLAIMS, claimsTable, endpointTable, seedsTable } from './tables/endpoint-tables.js'
import { predictorTable } from './tables/predictor-table.js'
import { publishedTable } from './tables/published.js'
import type { Table } from './tables/table.js'
import { transferTables } from './tables/transfer-tables.js'
import { transmissionTable } from './tables/transmission-table.js'

/** In the order of the page. A section that gives null is left out, because its data does not exist. */
const sections: readonly { title: string; content: (material: Material) => Html | null }[] = [
  { title: 'Main result', content: mainResult },
  { title: "The paper's columns, before and after training", content: columns },
  { title: 'Alpha', content: alphaSection },
  { title: 'Noise of the values', content: noiseSection },
  { title: 'On other test sets', content: tablesOf(transferTables) },
  { title: 'Training', content: training },
  { title: 'By section', content: sectionsSection },
  { title: 'Value against difficulty', content: tablesOf(difficultyTables) },
  { title: 'Values', content: valuesSection },
  { title: 'Length against value', content: lengthSection },
  { title: 'When the policy ends its response', content: eosSection },
  { title: 'Gained and lost', content: flipsSection },
  { title: 'Sample responses', content: responsesSection },
  { title: 'Data', content: dataSection },
  { title: 'Costs', content: costsSection },
  { title: 'What was run', content: configurationSection },
]

/** The page. The order of the outcomes makes no difference. */
export function renderReport({
  outcomes,
  ...about
}: Pick<Material, 'plan' | 'comparison' | 'versions' | 'links'> & { outcomes: readonly ExperimentOutcome[] }): Page {
  const { plan, comparison } = about
  const arms = comparison.arms.map(({ arm }) => arm)
  const byArmAndSeed = (a: ExperimentOutcome, b: ExperimentOutcome) =>
    arms.indexOf(a.arm) - arms.indexOf(b.arm) || a.seed - b.seed
  const done = outcomes.filter(outcome => outcome.state === 'done').toSorted(byArmAndSeed)
  const material: Material = {
    ...about,
    done,
    marks: marksOf(comparison),
    data: dataOf(outcomes.toSorted(byArmAndSeed)),
  }
  const shown = sections.flatMap(({ title, content }) => {
    const drawn = content(material)
    return drawn === null ? [] : [html`<h2>${title}</h2>\n${drawn}\n`]
  })
  const body = html`<p class="faint">${subtitle(plan, comparison)}</p>
${alarmList(comparison.alarms, { sweep: plan.kind === 'sweep' })}
${opening(plan, comparison)}
${missing(comparison)}
${shown}`
  return page({ name: plan.name, body })
}

function marksOf({ arms }: Comparison): Material['marks'] {
  const baselines = new Set(arms.flatMap(({ against }) => against ?? []))
  return arms.map(({ arm }, index) => ({ name: arm, index, baseline: baselines.has(arm) }))
}

function mainResult(material: Material): Html {
  const { comparison } = material
  const claims = claimsTable(comparison)
  const notes = [...comparison.notes, ...(claims === null ? [] : [ABOUT_CLAIMS])]
  return html`${differenceFigure(material)}
${table(endpointTable(comparison))}
${table(claims)}
${table(seedsTable(comparison))}
${notes.map(note => html`<p class="faint">${note}</p>`)}`
}

/** A section of tables, null without one. */
function tablesOf(made: (comparison: Comparison) => readonly Table[]): (material: Material) => Html | null {
  return ({ comparison }) => {
    const tables = made(comparison)
    return tables.length === 0 ? null : html`${tables.map(table)}`
  }
}

function training(material: Material): Html {
  return html`${curvesSection(material)}${table(predictorTable(material.comparison))}${table(transmissionTable(material.comparison))}`
}

function columns({ comparison }: Material): Html {
  return html`${table(columnsTable(comparison, 'expected'))}
${table(columnsTable(comparison, 'greedy'))}
${table(differencesTable(comparison))}
${table(publishedTable(comparison))}
<p class="faint">Density: H-Acc in percent over length. Acc high and low: Acc over the fifth of the items with the highest values, and with the
lowest. The paper's figures are greedy.</p>`
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

function missing(comparison: Comparison): Html {
  if (comparison.missing.length === 0) return html``
  const entries = comparison.missing.map(
    ({ arm, seed, state, failure }) =>
      html`<li>${arm}, seed ${seed}: ${state}${failure === undefined ? '' : `: ${failure}`}</li>`,
  )
  return html`<h2>Left out</h2><p>These experiments are not done and count in no figure:</p><ul>${entries}</ul>`
}
