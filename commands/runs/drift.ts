/**
 * What changed about a run since it began, in its config or in the code: refused with the difference, or, where a person allows
 * it, taken over and noted in `provenance.json`, from where tracking and comparison say it.
 *
 * A config changes what is still to come. So it cannot change for an experiment that is complete, nor while a workflow holds the old
 * one, nor in what the first step rests on already.
 */
import { existsSync } from 'node:fs'
import { codeDifference, codeOfThisProcess } from '../../activities/machine/code.js'
import { Checkpoints } from '../../activities/store/checkpoints.js'
import { replaceDigested } from '../../activities/store/digest-beside.js'
import {
  addDrift,
  type DriftedExperiment,
  listed,
  originalKey,
  readProvenance,
  refuseOtherCode,
} from '../../activities/store/runs/provenance.js'
import { experimentPaths, planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, readPlan } from '../../activities/store/runs/runs.js'
import { configDifference, type Difference } from '../../pipelines/config/difference.js'
import { experimentKey } from '../../pipelines/config/digest.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import type { Home } from '../services/home.js'
import { changesResults, planDifference, written } from './frozen-plan.js'
import { clauseOf, isOver, type RunView } from './run-view.js'
import { commandFor } from './shell-command.js'

/** What the warm start, the responses that are journaled and the curve so far rest on. */
const founding = [
  'seed',
  'data',
  'policy',
  'warmStart',
  'rollout',
  'evaluation',
  'engine',
  'kl.place',
  'kl.schedule',
  'update.adapter',
  'update.optimizer',
] as const

/**
 * For a run that is to go on, with `plan` where a config was given. A config that changes no result (how the work is cut and
 * kept) is taken over without being asked for.
 * @throws RlevError Drift, or ConfigInvalid for what cannot change even if allowed.
 */
export function settleDrift(run: { home: Home; view: RunView; plan?: Plan; allowed: boolean }): void {
  const { home, view, allowed } = run
  const before = readPlan(home.path, view.name)
  const plan = run.plan ?? before
  const code = codeOfThisProcess()
  if (!allowed) refuseOtherCode(home.path, view.name, code)

  const config = planDifference(before, plan)
  const decisive = config.filter(changesResults)
  if (decisive.length > 0) refuseUnchangeable({ home, view, before, plan, config: decisive })
  const known = readProvenance(home.path, view.name)
  const changes = [...decisive.map(inWords), ...(known === null ? [] : codeDifference(known.code, code))]
  // The worker that goes on says on what it computes (claimEngine).
  const otherEngine = allowed && isOver(view.state) && known !== null && known.engine !== null
  const hasChanged =
    changes.length > 0 && (known !== null || experimentsOf(before).some(({ id }) => hasBegun(home, id)))
  // Noted before anything is changed: a call that is broken off in between is made again.
  if (hasChanged || otherEngine) {
    const drift = { time: Date.now(), changes, experiments: openOnes(home, view, before, plan) }
    addDrift({ home: home.path, id: view.name, code, drift })
  }
  if (hasChanged) console.error(`${view.name} goes on with what has changed: ${listed(changes)}`)
  if (config.length === 0) return
  if (isOver(view.state)) takeOver(home, plan)
  else console.error(`${view.name} ${clauseOf(view.state)}: ${listed(config.map(inWords))} from its next start on`)
}

const inWords = ({ path, a, b }: Difference): string => `${path} = ${written(path, b)} (before: ${written(path, a)})`

function hasBegun({ path: home }: Home, id: string): boolean {
  return existsSync(experimentPaths.config(runFolder(home, id)))
}

function refuseUnchangeable({
  home,
  view,
  before,
  plan,
  config,
}: {
  home: Home
  view: RunView
  before: Plan
  plan: Plan
  config: readonly Difference[]
}): void {
  const { name, state } = view
  const found = listed(config.map(inWords))
  if (!isOver(state)) {
    const remedy = `${commandFor(home, 'cancel', name)}, then this command again; what is made is kept`
    throw unchangeable({ message: `the run ${clauseOf(state)} with another config`, place: name, found, remedy })
  }
  const now = new Map(experimentsOf(plan).map(({ id, config }) => [id, config]))
  for (const { id, config: old } of experimentsOf(before)) {
    const shown = view.experiments.find(experiment => experiment.id === id)
    if (shown === undefined || !hasBegun(home, id)) continue
    const young = now.get(id)
    const difference = young === undefined ? [] : configDifference(old, young)
    const facts = { place: id, remedy: 'use another name for the changed config (--name)' }
    if (young === undefined)
      throw unchangeable({ ...facts, message: 'an experiment that has begun is not in the plan' })
    if (shown.state === 'done' && experimentKey(old) !== experimentKey(young)) {
      const onlyLonger = difference.every(({ path }) => path === 'steps') && young.steps > old.steps
      throw unchangeable({
        ...facts,
        message: 'the experiment is complete',
        found: listed(difference.map(inWords)),
        ...(onlyLonger
          ? { remedy: `${commandFor(home, 'extend', name, '--steps', String(young.steps))} trains its further steps` }
          : {}),
      })
    }
    const early = difference.filter(({ path }) => founding.some(key => path === key || path.startsWith(`${key}.`)))
    if (early.length > 0) {
      const message = 'what the steps so far rest on cannot change'
      throw unchangeable({ ...facts, message, found: listed(early.map(inWords)) })
    }
    if (young.steps < shown.step) {
      const message = `the experiment is at step ${shown.step} already`
      throw unchangeable({ ...facts, message, found: `steps = ${young.steps}` })
    }
  }
}

function unchangeable(parts: { message: string; place: string; found?: string; remedy: string }): RlevError {
  return new RlevError({ kind: 'ConfigInvalid', ...parts })
}

/** Those of the plan as it was that are not complete, each with its newest checkpoint. */
function openOnes(home: Home, view: RunView, before: Plan, plan: Plan): Record<string, DriftedExperiment> {
  const now = new Map(experimentsOf(plan).map(({ id, config }) => [id, experimentKey(config)]))
  const open: Record<string, DriftedExperiment> = {}
  for (const { id, config } of experimentsOf(before)) {
    if (view.experiments.find(experiment => experiment.id === id)?.state === 'done') continue
    const key = originalKey(home.path, id, config)
    const step = new Checkpoints(runFolder(home.path, id), key).steps().at(-1) ?? 0
    open[id] = { step, ...(key === now.get(id) ? {} : { key }) }
  }
  return open
}

/** Of experiments that have not begun, the config is frozen when they do. */
function takeOver(home: Home, plan: Plan): void {
  for (const { id, config } of experimentsOf(plan)) {
    if (hasBegun(home, id)) replaceDigested(experimentPaths.config(runFolder(home.path, id)), json(config))
  }
  replaceDigested(planPaths.plan(runFolder(home.path, plan.name)), json(plan))
}

function json(value: Plan | ExperimentConfig): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
