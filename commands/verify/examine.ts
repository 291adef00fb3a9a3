/** Everything of a run that can be checked without a service: each file is read once. */
import { experimentsOf, readPlan } from '../../activities/store/runs/runs.js'
import { checkpointLooks } from './checkpoints.js'
import { evaluationLooks } from './evaluations.js'
import { type Look, lookAtAll, type Tally } from './finding.js'
import { journalLooks } from './journal.js'
import { configLooks, orphanLooks, planLooks } from './run-files.js'
import { referenceLooks, storeLooks } from './stored.js'
import { isDone, type Subject, subjectOf } from './subject.js'

export interface Examined extends Tally {
  /** Of the plan, those begun, those done. */
  experiments: { all: number; begun: number; done: number }
}

/** Throws NotFound where the home has no such run, ArtifactDamaged where its plan cannot be read. */
export async function examineRun(home: string, name: string): Promise<Examined> {
  const subjects = experimentsOf(readPlan(home, name)).map(experiment => subjectOf(home, name, experiment))
  const begun = subjects.filter(subject => subject.begun)
  const tally = await lookAtAll([
    ...planLooks(home, name),
    ...begun.flatMap(experimentLooks),
    ...storeLooks(begun),
    ...orphanLooks(home, name, subjects),
  ])
  return { ...tally, experiments: { all: subjects.length, begun: begun.length, done: begun.filter(isDone).length } }
}

/** Of the experiment's own folder. */
function experimentLooks(subject: Subject): Look[] {
  return [
    ...configLooks(subject),
    ...referenceLooks(subject),
    ...journalLooks(subject),
    ...evaluationLooks(subject),
    ...checkpointLooks(subject),
  ]
}
