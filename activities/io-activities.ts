/** The light activities, of queue `rlev-io`: files, scoring and tracking. Nothing here loads TensorFlow. */
import { RlevError } from '../pipelines/errors.js'
import { ablateValues } from './ablate-values.js'
import { evaluateAnswers } from './evaluation/evaluate-answers.js'
import { type FreezeRunInput, freezeRun } from './freeze-run.js'
import { type Border, mirrored } from './mirrored.js'
import { normalizeValues } from './normalize-values.js'
import { prepareData } from './prepare-data.js'
import { readCells } from './read-cells.js'
import { recordResult } from './record-result.js'
import { publishReport } from './report/publish-report.js'
import { scaleRewards } from './scale-rewards.js'
import { type ReferenceName, readReferences } from './store/references.js'
import type { SweepReference } from './store/runs/frozen-sweep.js'
import { runFolder } from './store/runs/run-folder.js'
import { experimentsOf, listRuns, readPlan } from './store/runs/runs.js'
import type { ArtifactRef } from './store/store.js'
import { closeTracking } from './tracking/close-tracking.js'
import { openTracking } from './tracking/open-tracking.js'
import type { Subject } from './tracking/subject.js'
import { trackProgress } from './tracking/track-progress.js'
import { trackStatus } from './tracking/track-status.js'
import type { TrainingInput } from './training/training.js'
import type { Workplace } from './workplace.js'

export function ioActivities(workplace: Workplace) {
  const ofRun: Border<{ run: string; data?: ArtifactRef; values?: ArtifactRef }> = {
    reads: ({ run }) => [run],
    outputs: ({ data, values }) => [data, values].filter(ref => ref !== undefined),
  }
  const scored: Border<TrainingInput & { answers?: ArtifactRef }> = {
    reads: ({ run }) => [run],
    outputs: ({ stages: { data, values, rewardValues }, answers }, place) => [
      ...[data, values, rewardValues],
      ...(answers === undefined ? [] : [answers, ...piecesOf(place, answers)]),
    ],
    fenced: true,
  }
  const ofSubject: Border<{ subject: Subject; data?: ArtifactRef }> = {
    reads: ({ subject }, place) =>
      subject.kind === 'sweep' ? [subject.name, ...experimentsThere(place, subject.name)] : [subject.id],
    outputs: ({ data }) => (data === undefined ? [] : [data]),
    readOnly: true,
  }
  const frozen: Border<FreezeRunInput> = {
    reads: ({ plan, experiment, sweep, cell }) =>
      [experiment?.id ?? cell?.id ?? sweep?.name ?? plan?.name ?? []].flat(),
    end: true,
  }
  const cells: Border<SweepReference> = { reads: ({ name }) => [name], readOnly: true }
  return {
    freezeRun: mirrored(workplace, freezeRun(workplace), frozen),
    readCells: mirrored(workplace, readCells(workplace), cells),
    prepareData: mirrored(workplace, prepareData(workplace), ofRun),
    normalizeValues: mirrored(workplace, normalizeValues(workplace), ofRun),
    ablateValues: mirrored(workplace, ablateValues(workplace), ofRun),
    scaleRewards: mirrored(workplace, scaleRewards(workplace), scored),
    evaluateAnswers: mirrored(workplace, evaluateAnswers(workplace), scored),
    recordResult: mirrored(workplace, recordResult(workplace), {
      reads: ({ run }) => [run],
      // Whether training changed the weights is seen from both ends.
      checkpoint: ({ step }) => step,
      outputs: ({ run }, place) => referred(place, run, ['start']),
    }),
    publishReport: mirrored(workplace, publishReport(workplace), {
      reads: ({ name }, place) => [name, ...experimentsThere(place, name)],
      outputs: ({ name }, place) =>
        experimentsThere(place, name).flatMap(id => referred(place, id, ['data', 'values'])),
    }),
    openTracking: mirrored(workplace, openTracking(workplace), ofSubject),
    trackProgress: mirrored(workplace, trackProgress(workplace), { ...ofRun, readOnly: true }),
    trackStatus: trackStatus(workplace),
    closeTracking: mirrored(workplace, closeTracking(workplace), ofSubject),
  }
}

/** Of a plan that is here: its pull comes first. */
function experimentsThere({ home }: Workplace, name: string): string[] {
  if (!listRuns(home).includes(name)) return []
  return experimentsOf(readPlan(home, name)).map(({ id }) => id)
}

/** Of an experiment whose references are here and whole; a report says what it lacks. */
function referred({ home }: Workplace, id: string, names: readonly ReferenceName[]): ArtifactRef[] {
  try {
    const references = readReferences(runFolder(home, id))
    return names.flatMap(name => references.get(name) ?? [])
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return []
    throw error
  }
}

/** Pieces of stored answers that are here. */
function piecesOf({ store }: Workplace, answers: ArtifactRef): ArtifactRef[] {
  return store.isWhole(answers) ? store.json<ArtifactRef[]>(answers, 'pieces.json') : []
}

export type IoActivities = ReturnType<typeof ioActivities>
