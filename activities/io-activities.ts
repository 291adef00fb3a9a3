/** The light activities, of queue `rlev-io`: files, scoring and tracking. Nothing here loads TensorFlow. */
import { ablateValues } from './ablate-values.js'
import { closeTracking } from './close-tracking.js'
import { evaluateAnswers } from './evaluate-answers.js'
import { freezeRun } from './freeze-run.js'
import { normalizeValues } from './normalize-values.js'
import { openTracking } from './open-tracking.js'
import { prepareData } from './prepare-data.js'
import { publishReport } from './publish-report.js'
import { recordResult } from './record-result.js'
import { scaleRewards } from './scale-rewards.js'
import { trackProgress } from './track-progress.js'
import { trackStatus } from './track-status.js'
import type { Workplace } from './workplace.js'

export function ioActivities(place: Workplace) {
  return {
    freezeRun: freezeRun(place),
    prepareData: prepareData(place),
    normalizeValues: normalizeValues(place),
    ablateValues: ablateValues(place),
    scaleRewards: scaleRewards(place),
    evaluateAnswers: evaluateAnswers(place),
    recordResult: recordResult(place),
    publishReport: publishReport(place),
    openTracking: openTracking(place),
    trackProgress: trackProgress(place),
    trackStatus: trackStatus(place),
    closeTracking: closeTracking(place),
  }
}

export type IoActivities = ReturnType<typeof ioActivities>
