/**
 * The activities as workflows call them, with the limits of each kind. Attempts are not counted here: a worker that dies is
 * always replaced, and an error that is thrown says itself whether another attempt can help (activities/failures.ts).
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { GpuActivities } from '../activities/gpu-activities.js'
import type { IoActivities } from '../activities/io-activities.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { queues } from './messages.js'

type TrackingActivities = Pick<IoActivities, 'openTracking' | 'trackProgress' | 'trackStatus' | 'closeTracking'>

/** Stated everywhere: the default of this SDK is not what it documents; a workflow would go on beside an activity that still computes. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED

const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' } as const

/** Files and scoring: seconds. `summary` is what the Web UI shows beside the activity. */
export function io(config: ExperimentConfig, summary: string) {
  return proxyActivities<IoActivities>({
    taskQueue: queues.io,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: silence(config),
    cancellationType,
    retry,
    summary,
  })
}

/** Everything that needs the policy. Waiting for the one slot of the GPU is not an error, so only silence has a short limit. */
export function gpu(config: ExperimentConfig, summary: string) {
  return proxyActivities<GpuActivities>({
    taskQueue: queues.gpu,
    startToCloseTimeout: '7 days',
    heartbeatTimeout: silence(config),
    cancellationType,
    retry,
    summary,
  })
}

export type Patience = '10 minutes' | '24 hours'

/**
 * MLflow may be away for long; `patience` is how long one activity waits for it in all, without end if left out. An attempt
 * may have all points of a long run to send, so that only silence has a short limit.
 */
export function trackingActivities(config: ExperimentConfig, summary: string, patience?: Patience) {
  return proxyActivities<TrackingActivities>({
    taskQueue: queues.io,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: silence(config),
    ...(patience === undefined ? {} : { scheduleToCloseTimeout: patience }),
    cancellationType,
    retry: { ...retry, maximumInterval: '30 seconds' },
    summary,
  })
}

/** After a failure or a cancellation: what is not done soon is left. */
export function cleanup(config: ExperimentConfig, summary: string) {
  return proxyActivities<Pick<IoActivities, 'recordResult'>>({
    taskQueue: queues.io,
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '5 minutes',
    heartbeatTimeout: silence(config),
    retry,
    summary,
  })
}

/** Milliseconds without a heartbeat after which a worker counts as dead, of either kind. */
function silence({ durability }: ExperimentConfig): number {
  return durability.heartbeatTimeout * 1000
}
