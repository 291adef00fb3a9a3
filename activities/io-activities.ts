/** The light activities, of queue `rlev-io`: files, scoring and tracking. Nothing here loads TensorFlow. */
import { ablateValues } from './ablate-values.js'
import { evaluateAnswers } from './evaluate-answers.js'
import { freezeRun } from './freeze-run.js'
import { normalizeValues } from './normalize-values.js'
import { prepareData } from './prepare-data.js'
import type { PublishedReport } from './publish-report.js'
import { readCells } from './read-cells.js'
import { recordResult } from './record-result.js'
import { scaleRewards } from './scale-rewards.js'
import { closeTracking } from './tracking/close-tracking.js'
import { openTracking } from './tracking/open-tracking.js'
import { trackProgress } from './tracking/track-progress.js'
import { trackStatus } from './tracking/track-status.js'
import type { Workplace } from './workplace.js'

export function ioActivities(workplace: Workplace) {
  return {
    freezeRun: freezeRun(workplace),
    readCells: readCells(workplace),
    prepareData: prepareData(workplace),
    normalizeValues: normalizeValues(workplace),
    ablateValues: ablateValues(workplace),
    scaleRewards: scaleRewards(workplace),
    evaluateAnswers: evaluateAnswers(workplace),
    recordResult: recordResult(workplace),
    publishReport: publishReport(workplace),
    openTracking: openTracking(workplace),
    trackProgress: trackProgress(workplace),
    trackStatus: trackStatus(workplace),
    closeTracking: closeTracking(workplace),
  }
}

/** Loaded for the first report: its drawing libraries take half a second, and a worker starts without them. */
function publishReport(place: Workplace) {
  return async (subject: { name: string; trackingUrl?: string }): Promise<PublishedReport> => {
    const report = await import('./publish-report.js')
    return report.publishReport(place)(subject)
  }
}

export type IoActivities = ReturnType<typeof ioActivities>
