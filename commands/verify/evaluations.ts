/** Evaluations: each that is due, against its seal, and with an outcome for each of its items. */
import { existsSync } from 'node:fs'
import { entryLabel, experimentPaths } from '../../activities/store/runs/run-folder.js'
import type { StoredEvaluation } from '../../activities/store/runs/runs.js'
import { evaluationDue } from '../../pipelines/config/due-steps.js'
import type { ItemOutcome } from '../../pipelines/evaluation/evaluation.js'
import { type Look, nothing, sum, type Tally } from './finding.js'
import { lookAtSealed } from './sealed-file.js'
import { isDone, lastStep, newestStep, remake, type Subject, stepsIn } from './subject.js'

export function evaluationLooks(subject: Subject): Look[] {
  const steps = new Set([...dueSteps(subject), ...stepsIn(subject, 'evaluations')])
  const sources = stepsIn(subject, 'sources').map(step => () => lookAtSource(subject, step))
  return [...[...steps].map(step => () => lookAtEvaluation(subject, step)), ...sources]
}

/** What training has gone past; the evaluation of the newest step may be under way. */
function dueSteps(subject: Subject): number[] {
  const newest = isDone(subject) ? lastStep(subject) + 1 : newestStep(subject)
  return Array.from({ length: newest }, (_, step) => step).filter(step => evaluationDue(step, subject.config))
}

export function lookAtEvaluation(subject: Subject, step: number): Tally {
  const remedy = remake(subject)
  const path = experimentPaths.evaluation(subject.folder, step)
  const itemsPath = experimentPaths.evaluationItems(subject.folder, step)
  let items: number | undefined
  const evaluation = lookAtSealed<StoredEvaluation>({
    path,
    label: entryLabel('evaluation', step, subject.key),
    remedy,
    check: stored => {
      items = stored.evaluation.items
      return []
    },
  })
  const outcomes = lookAtSealed<ItemOutcome[]>({
    path: itemsPath,
    label: entryLabel('evaluation items', step, subject.key),
    remedy,
    check: found => {
      if (items === undefined || found.length === items) return []
      const [expected, message] = [`${items} items`, 'the evaluation is of another number of items']
      return [{ place: itemsPath, message, expected, found: `${found.length}`, remedy }]
    },
  })
  return sum([evaluation, outcomes, missing(path, step, remedy), missing(itemsPath, step, remedy)])
}

/** Which responses an imported evaluation was made of. */
function lookAtSource(subject: Subject, step: number): Tally {
  const path = experimentPaths.source(subject.folder, step)
  return lookAtSealed({ path, label: entryLabel('source', step, subject.key), remedy: remake(subject) })
}

function missing(path: string, step: number, remedy: string): Tally {
  if (existsSync(path)) return nothing
  const message = `the evaluation of step ${step} is missing`
  return { ...nothing, findings: [{ place: path, message, expected: 'a file', found: 'none', remedy }] }
}
