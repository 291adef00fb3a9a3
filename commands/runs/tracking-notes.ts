/** What a reader should know of tracking: that only MLflow is waited for, or that it did not get everything. */
import { formatMoment } from '../text/format.js'
import type { ExperimentView } from './run-view.js'
import type { Ending } from './temporal-runs.js'

/** Milliseconds that sending the last points and the report may take before anybody hears of it. */
const usual = 10_000

/** `since`: when the run as a whole began to wait for nothing else. */
export function waitingNote(
  kind: 'experiment' | 'sweep',
  { experiments, since, now }: { experiments: readonly ExperimentView[]; since: number | undefined; now: number },
): string[] {
  const late = (moment: number | undefined) => moment !== undefined && now - moment > usual
  const waiting = experiments.filter(({ onlyTrackingSince }) => late(onlyTrackingSince))
  const [first] = waiting
  const goesOn = 'it gets the rest when it answers; until then the result is in the home only'
  if (kind === 'experiment') {
    if (first?.onlyTrackingSince === undefined) return []
    const moment = formatMoment(first.onlyTrackingSince)
    return [`Training is done. Since ${moment} only MLflow is waited for: ${goesOn}.`]
  }
  if (late(since)) return [`Every experiment has ended, and the report is made. Only MLflow is waited for: ${goesOn}.`]
  if (waiting.length === 0) return []
  return [`${waiting.length} of ${experiments.length} experiments are trained and wait only for MLflow: ${goesOn}.`]
}

/** Of a run that is over; undefined where MLflow has everything. */
export function trackingFailureOf(ending: Ending | null): string | undefined {
  if (ending?.state !== 'completed') return undefined
  const { result } = ending
  if (result.trackingFailure !== undefined) return result.trackingFailure
  if (!('experiments' in result)) return undefined
  return result.experiments.find(({ trackingFailure }) => trackingFailure !== undefined)?.trackingFailure
}
