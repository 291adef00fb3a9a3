/** `rlev compare NAME...`: arms against the baseline. Several runs are set side by side as arms of one comparison. */

import { readOutcomes } from '../activities/store/runs/outcomes.js'
import { readPlan } from '../activities/store/runs/runs.js'
import { compareArms } from '../pipelines/comparison/compare-arms.js'
import type { ExperimentOutcome } from '../pipelines/comparison/outcome.js'
import type { Plan, SweepPlan } from '../pipelines/config/schema.js'
import { RlevError } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import { printable } from '../pipelines/printable.js'
import { comparisonTable } from '../pipelines/report/tables/comparison-as-text.js'
import { knownRun } from './runs/run-names.js'
import { openHome } from './services/home.js'
import { toJson } from './text/json.js'

export interface CompareOptions {
  home?: string | undefined
  names: readonly string[]
  json?: boolean | undefined
}

export async function compare({ home: path, names, json = false }: CompareOptions): Promise<void> {
  const home = openHome(path).path
  const runs = [...new Set(names)].map(name => knownRun(home, name))
  const parts = runs.map(name => ({ plan: readPlan(home, name), outcomes: readOutcomes(home, name) }))
  const [only] = parts
  const { plan, outcomes } = parts.length === 1 && only !== undefined ? only : sideBySide(parts)
  const comparison = compareArms({ plan, outcomes })
  console.log(json ? toJson(comparison) : printable(comparisonTable(comparison)))
}

interface Part {
  plan: Plan
  outcomes: readonly ExperimentOutcome[]
}

/**
 * One sweep of all arms, `NAME/ARM` or, of a single experiment, `NAME`; the first is the baseline.
 * @throws RlevError CallInvalid where the runs were not tested on the same items: their figures do not compare.
 */
export function sideBySide(parts: readonly Part[]): Part & { plan: SweepPlan } {
  const arms = parts.flatMap(({ plan }) => armsOf(plan))
  const [first] = arms
  if (first === undefined) throw new Error('no run was given')
  for (const { name, config } of arms) refuseOtherExam(first, { name, config })
  const settings = parts.map(({ plan }) => (plan.kind === 'sweep' ? plan.settings : undefined)).find(found => found)
  const smallestGain = settings?.smallestGain
  const seeds = new Set(parts.flatMap(({ outcomes }) => outcomes.map(({ seed }) => seed)))
  return {
    plan: {
      kind: 'sweep',
      name: parts.map(({ plan }) => plan.name).join(' and '),
      settings: {
        baseline: first.name,
        placebo: [],
        seeds: [...seeds].sort((a, b) => a - b),
        concurrency: 1,
        endpoint: settings?.endpoint ?? defaultEndpoint(arms),
        ...given({ smallestGain }),
      },
      arms,
      warnings: [],
    },
    outcomes: parts.flatMap(({ plan, outcomes }) =>
      outcomes.map(outcome => ({ ...outcome, arm: armName(plan, outcome.arm) })),
    ),
  }
}

function defaultEndpoint(arms: SweepPlan['arms']): SweepPlan['settings']['endpoint'] {
  return arms.every(({ config }) => config.evaluation.samples > 0) ? 'expected-h-acc-curve' : 'h-acc-curve'
}

function armsOf(plan: Plan): SweepPlan['arms'] {
  if (plan.kind === 'experiment') return [{ name: plan.name, config: plan.config }]
  return plan.arms.map(({ name, config }) => ({ name: armName(plan, name), config }))
}

function armName(plan: Plan, arm: string): string {
  return plan.kind === 'experiment' ? plan.name : `${plan.name}/${arm}`
}

type Arm = SweepPlan['arms'][number]

function refuseOtherExam(first: Arm, other: Arm): void {
  const [expected, found] = [testOf(first), testOf(other)]
  if (expected === found) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${first.name} and ${other.name} were not evaluated on the same test items`,
    expected,
    found,
    remedy: 'compare runs of one exam with one test set',
  })
}

/** What decides the test items. */
function testOf({ config: { data } }: Arm): string {
  if (data.source === 'synthetic') {
    const { exam, style, testItemsPerSection, testSeed } = data
    return `exam ${exam} in ${style}, ${testItemsPerSection} items a section, test seed ${testSeed}`
  }
  return data.test ?? `${data.testShare} of ${data.train}, split seed ${data.splitSeed}`
}
