/**
 * The activities as workflows call them, with the timeouts of each kind. The number of attempts has no limit here: after a
 * worker died another attempt always helps, and an error that is thrown says itself whether one can (activities/failures.ts).
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { GpuActivities } from '../activities/gpu-activities.js'
import type { IoActivities } from '../activities/io-activities.js'
import { given } from '../pipelines/given.js'
import type { Limits } from './limits.js'
import { workerDied } from './messages.js'
import { ownQueues } from './own-names.js'

type TrackingActivities = Pick<IoActivities, 'openTracking' | 'trackProgress' | 'trackStatus' | 'closeTracking'>

/**
 * Set explicitly. The SDK's default differs from its documentation: after a cancellation the workflow would continue while the
 * activity is still running.
 */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED

const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' } as const

/** Activities on files, and scoring. They take seconds. `summary` is what the Web UI shows beside the activity. */
export function io(limits: Limits, summary: string) {
  return proxyActivities<IoActivities>({
    taskQueue: ownQueues().io,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: heartbeatTimeoutMs(limits),
    cancellationType,
    retry,
    summary,
  })
}

/** How long the queue of one worker is waited for: a worker that lives asks it whenever it is idle. (ms) */
const ownQueueTimeoutMs = 5_000

/** Types of failures by which an attempt tells that its worker is gone. */
export const endsOfWorkers: readonly string[] = ['WorkerShutdown', workerDied]
/** With the timeout that tells it too, in Temporal's words: another attempt on the queue of that worker would wait in vain. */
const workerGone = ['TemporalTimeout:Heartbeat', ...endsOfWorkers]

export interface GpuQueue {
  name: string
  /** Of one worker, which may be gone. */
  own: boolean
  /** Whether that worker may be at a piece of another experiment. */
  patient?: boolean
}

/**
 * Activities that need the policy. They may wait long for the single slot of a GPU, so only the heartbeat timeout is short, and the wait
 * for a queue that is one worker's.
 */
export function gpu(limits: Limits, summary: string, { name, own, patient = false }: GpuQueue) {
  const heartbeatMs = heartbeatTimeoutMs(limits)
  const ownMs = patient ? heartbeatMs : Math.min(heartbeatMs, ownQueueTimeoutMs)
  return proxyActivities<GpuActivities>({
    taskQueue: name,
    ...(own ? { scheduleToStartTimeout: ownMs } : {}),
    startToCloseTimeout: '7 days',
    heartbeatTimeout: heartbeatMs,
    cancellationType,
    retry: own ? { ...retry, nonRetryableErrorTypes: workerGone } : retry,
    summary,
  })
}

export type TrackingTimeout = '10 minutes' | '24 hours'

/**
 * Activities on MLflow, which may be down for long. `timeout` limits one activity with all its attempts; the default is no limit.
 * One attempt may have to send all points of a long run, so only the heartbeat timeout is short.
 */
export function trackingActivities(limits: Limits, summary: string, timeout?: TrackingTimeout) {
  return proxyActivities<TrackingActivities>({
    taskQueue: ownQueues().io,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: heartbeatTimeoutMs(limits),
    ...given({ scheduleToCloseTimeout: timeout }),
    cancellationType,
    retry: { ...retry, maximumInterval: '30 seconds' },
    summary,
  })
}

/** After a failure or a cancellation. If the result cannot be recorded within 5 minutes, the workflow ends without it. */
export function cleanup(limits: Limits, summary: string) {
  return proxyActivities<Pick<IoActivities, 'recordResult'>>({
    taskQueue: ownQueues().io,
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '5 minutes',
    heartbeatTimeout: heartbeatTimeoutMs(limits),
    retry,
    summary,
  })
}

/** Time without a heartbeat after which a worker counts as dead. */
function heartbeatTimeoutMs({ durability }: Limits): number {
  return durability.heartbeatTimeout * 1000
}
