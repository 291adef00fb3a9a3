/**
 * `rlev import-results CONFIG FILE...`: evaluations of policies that another trainer trained on what `rlev export` wrote, as a run of this
 * home. Everything that can be wrong is told before anything is written. Calls may bring an arm, a seed or a step at a time.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AnsweredStep,
  type ImportedExperiment,
  importEvaluations,
} from '../../activities/evaluation/import-evaluations.js'
import { armFailPoints, failPointVariable } from '../../activities/fail-points/fail-point.js'
import { codeOfThisProcess } from '../../activities/machine/code.js'
import { writeReport } from '../../activities/report/write-report.js'
import { keepDigest, replaceDigested } from '../../activities/store/digest-beside.js'
import { writeOnce } from '../../activities/store/files.js'
import { keepElsewhere } from '../../activities/store/runs/elsewhere.js'
import { beginProvenance, claimEngine } from '../../activities/store/runs/provenance.js'
import { planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, readPlan, readResult } from '../../activities/store/runs/runs.js'
import { workplace } from '../../activities/workplace.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { printable } from '../../pipelines/printable.js'
import { checkedPlan } from '../plan/checked.js'
import { isKnownPlan, planDifference } from '../runs/frozen-plan.js'
import { commandFor } from '../runs/shell-command.js'
import { type Home, openHome } from '../services/home.js'
import { answeredSteps, greedySourceOf } from './answered-steps.js'
import { importedBefore, refuseOther, refuseOtherVersion, refusePlan } from './before-import.js'
import { HomeMarkers } from './markers.js'
import { type RowDefaults, rowSets } from './rows.js'

export interface ImportResultsOptions extends RowDefaults {
  /** Path of the YAML file whose items were exported. */
  config: string
  files: readonly string[]
  /** What trained the policies, in words. */
  trainer: string
  name?: string | undefined
  set?: readonly string[]
  home?: string | undefined
}

/** @throws RlevError ConfigInvalid, CallInvalid, DataInvalid, Drift. */
export async function importResults(options: ImportResultsOptions): Promise<void> {
  armFailPoints(process.env[failPointVariable])
  const home = openHome(options.home)
  const { plan } = await checkedPlan({ config: options.config, name: options.name, set: options.set ?? [] })
  refusePlan(plan, options.config)
  const known = existsSync(planPaths.plan(runFolder(home.path, plan.name)))
  const before = importedBefore(home.path, plan.name)
  if (known) isKnownPlan(home.path, plan, options.config)
  refuseOtherVersion(home, plan.name)
  const markers = new HomeMarkers(home.path)
  try {
    const sets = await rowSets(options.files, plan, options)
    const greedy = greedySourceOf(sets, plan, options.files)
    refuseOther({ home, name: plan.name, before, trainer: options.trainer, greedy })
    const steps = await answeredSteps({ home, sets, markers })

    const elsewhere = { trainer: options.trainer, greedy, time: Date.now() }
    keepElsewhere(home.path, plan.name, elsewhere)
    freeze(home, plan)
    beginProvenance(home.path, plan.name, codeOfThisProcess())
    claimEngine(home.path, plan.name, `trained elsewhere by ${options.trainer}`)
    for (const { id, arm, seed, config } of experimentsOf(plan)) {
      const own = steps.get(id)
      if (own === undefined) continue
      const told = await importEvaluations(workplace(home.path), {
        id,
        config,
        steps: own,
        markers: markers.of(config),
      })
      console.log(printable(`${arm} seed ${seed}: ${sentenceOf(told, own)}`))
    }
  } finally {
    await markers.end()
  }
  conclude(home, plan)
}

/** A sweep takes further seeds, as `rlev sweep` does. */
function freeze(home: Home, plan: Plan): void {
  const path = planPaths.plan(runFolder(home.path, plan.name))
  const json = `${JSON.stringify(plan, null, 2)}\n`
  if (writeOnce(path, json)) keepDigest(path)
  else if (planDifference(readPlan(home.path, plan.name), plan).length > 0) replaceDigested(path, json)
  else keepDigest(path)
}

function sentenceOf({ made, missing }: ImportedExperiment, steps: readonly AnsweredStep[]): string {
  const there = steps.map(({ step }) => step).filter(step => !made.includes(step))
  return [
    ...(made.length > 0 ? [`imported ${stepsText(made)}`] : []),
    ...(there.length > 0 ? [`${stepsText(there)} ${there.length === 1 ? 'was' : 'were'} there`] : []),
    ...(missing.length > 0 ? [`${stepsText(missing)} ${missing.length === 1 ? 'is' : 'are'} missing`] : []),
  ].join('; ')
}

const stepsText = (steps: readonly number[]): string =>
  `${steps.length === 1 ? 'step' : 'steps'} ${steps.slice(0, 12).join(', ')}${steps.length > 12 ? ', ...' : ''}`

/** The report of a run that is complete, and what can be done next. */
function conclude(home: Home, plan: Plan): void {
  const open = experimentsOf(plan).filter(({ id }) => readResult(home.path, id)?.state !== 'done')
  if (open.length === 0) {
    const { path } = writeReport(workplace(home.path), { name: plan.name })
    console.log(printable(`${plan.name} is complete. Report: ${join(home.path, path)}`))
    console.log(printable(`the table: ${commandFor(home, 'compare', plan.name)}`))
    return
  }
  const shown = open.slice(0, 8).map(({ arm, seed }) => `${arm} seed ${seed}`)
  const more = open.length > shown.length ? `, and ${open.length - shown.length} more` : ''
  console.log(printable(`not complete: ${shown.join(', ')}${more}`))
}
