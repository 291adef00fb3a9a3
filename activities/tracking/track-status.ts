/** Stage beside training: sets a paused run to SCHEDULED in MLflow, and to RUNNING when it goes on. */
import type { RunStatus } from '../mlflow/types.js'
import { stage } from '../stage.js'
import type { Workplace } from '../workplace.js'
import { trackingClient } from './subject.js'

/** Status of a run that has not ended. */
export type OpenStatus = Extract<RunStatus, 'RUNNING' | 'SCHEDULED'>

export function trackStatus(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ runId, status }: { runId: string; status: OpenStatus }): Promise<void> => {
      await trackingClient(workplace).updateRun({ runId, status, endTime: 0 })
    },
  })
}
