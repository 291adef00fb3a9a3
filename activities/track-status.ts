/** Stage beside training: a run that is paused is one that MLflow calls SCHEDULED, and RUNNING once it goes on. */
import type { RunStatus } from './mlflow/types.js'
import { stage } from './stage.js'
import { trackingClient } from './tracking/subject.js'
import type { Workplace } from './workplace.js'

/** Of a run that has not ended. */
export type OpenStatus = Extract<RunStatus, 'RUNNING' | 'SCHEDULED'>

export function trackStatus(place: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ runId, status }: { runId: string; status: OpenStatus }): Promise<void> => {
      await trackingClient(place).updateRun({ runId, status, endTime: 0 })
    },
  })
}
