/**
 * Tracking beside training: its activities run at the same time as those of the experiment. If MLflow is down, tracking is late,
 * but training continues, and no points are lost: they are in the store.
 */
import { CancellationScope, condition, isCancellation, log, patched } from '@temporalio/workflow'
import type { CloseTrackingInput } from '../activities/tracking/close-tracking.js'
import type { OpenTrackingInput } from '../activities/tracking/open-tracking.js'
import type { Subject } from '../activities/tracking/subject.js'
import type { OpenStatus } from '../activities/tracking/track-status.js'
import { innermostMessage } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import { type TrackingTimeout, trackingActivities } from './activity-options.js'
import { endedByCancellation } from './cancellation.js'
import type { Limits } from './limits.js'

/** What MLflow has: the points up to `trackedStep`, in its run `trackedRun`. */
export interface Tracked {
  trackedStep: number
  trackedRun?: string
  /** Time of the call that MLflow has not answered; absent if it answers. (ms) */
  unansweredSince?: number
}

export interface Tracking {
  readonly url: string | undefined
  readonly tracked: Tracked
  /** Begins: creates the run in MLflow, or opens it again. */
  open(known?: Known): void
  /** Points up to this step are in the store and may be sent. */
  advanceTo(step: number): void
  /** Which worker computed the newest points. */
  computedBy(worker: string | undefined): void
  /** Sets the status of the run in MLflow, which is RUNNING when it is opened. */
  show(status: OpenStatus): void
  /** Waits at most `settleTimeoutMs` for the current call, then stops sending. The next run of the workflow sends the rest. */
  settle(): Promise<void>
  /**
   * Sends the rest and ends the run in MLflow. Returns why it failed, or undefined. It waits 24 hours for MLflow; after a failure
   * or a cancellation, 10 minutes.
   */
  close(ending: Ending): Promise<string | undefined>
}

type Known = Pick<OpenTrackingInput, 'data' | 'finished'>
type Ending = Pick<CloseTrackingInput, 'status' | 'failure'>

/** How long training waits for a call to MLflow before it continues as new. If MLflow is down, it waits only once. */
const settleTimeoutMs = 5_000

/** Points are sent at most so often: a step may take less than what sending it costs, and the servers share the worker's processors. */
const pointsIntervalMs = 5_000
/** Of workflows that began before it was longer. */
const earlierIntervalMs = 1_000

/** Workflows that began before there was an interval, or with a shorter one, are replayed as they were. */
function intervalOfPoints(): number {
  if (patched('longer-points-interval')) return pointsIntervalMs
  return patched('points-interval') ? earlierIntervalMs : 0
}

const nothingTracked: Tracked = { trackedStep: -1 }

/** `limits`: of the experiment, or of the first arm of the sweep; as they are at each call. */
export function trackBeside(
  { subject, limits }: { subject: Subject; limits: () => Limits },
  { trackedStep, trackedRun, unansweredSince }: Tracked = nothingTracked,
): Tracking {
  const state = {
    step: trackedStep,
    run: trackedRun,
    target: trackedStep,
    shown: 'RUNNING' as OpenStatus,
    status: 'RUNNING' as OpenStatus,
    stopping: false,
    ended: true,
    unansweredSince,
    worker: undefined as string | undefined,
    url: undefined as string | undefined,
  }
  const scope = new CancellationScope()
  let following: Promise<void> = Promise.resolve()

  async function answered<Output>(call: Promise<Output>): Promise<Output> {
    state.unansweredSince ??= Date.now()
    const output = await call
    state.unansweredSince = undefined
    return output
  }

  async function follow(known: Known): Promise<void> {
    const opening = { subject, ...known, ...knownRun() }
    const { runId, url } = await answered(trackingActivities(limits(), 'MLflow run').openTracking(opening))
    state.url = url
    // The run that had the points is gone from MLflow: the new one gets all of them.
    if (runId !== state.run) state.step = -1
    state.run = runId
    const intervalMs = subject.kind === 'experiment' ? intervalOfPoints() : 0
    let sentAt = 0
    const lacksPoints = () => subject.kind === 'experiment' && state.target > state.step
    // Asked whenever the workflow is told something, such as the end of a step.
    const sendsPoints = () => lacksPoints() && Date.now() - sentAt >= intervalMs
    const lacksStatus = () => state.status !== state.shown
    while (!state.stopping) {
      await condition(() => sendsPoints() || lacksStatus() || state.stopping)
      if (lacksPoints()) {
        sentAt = Date.now()
        await send(runId)
      } else if (lacksStatus()) await showStatus(runId)
    }
  }

  async function send(runId: string): Promise<void> {
    if (subject.kind !== 'experiment') return
    const { step: from, target: to } = state
    const activities = trackingActivities(limits(), `points of steps ${from + 1}-${to}`)
    await answered(activities.trackProgress({ runId, run: subject.id, from, to, ...given({ worker: state.worker }) }))
    state.step = to
  }

  async function showStatus(runId: string): Promise<void> {
    const { status } = state
    await answered(trackingActivities(limits(), `MLflow run ${status}`).trackStatus({ runId, status }))
    state.shown = status
  }

  async function settle(): Promise<void> {
    state.stopping = true
    const left = (state.unansweredSince ?? Date.now()) + settleTimeoutMs - Date.now()
    if (!state.ended && left > 0) await condition(() => state.ended, left)
    if (!state.ended) scope.cancel()
    await following
  }

  function knownRun(): Pick<Tracked, 'trackedRun'> {
    return given({ trackedRun: state.run })
  }

  async function end(ending: Ending, timeout: TrackingTimeout): Promise<string | undefined> {
    try {
      await settle()
      const { url } = await trackingActivities(limits(), `MLflow run ${ending.status}`, timeout).closeTracking({
        subject,
        trackedStep: state.step,
        ...knownRun(),
        endTime: Date.now(),
        ...ending,
      })
      state.url = url
      return undefined
    } catch (error) {
      if (endedByCancellation(error) && timeout === '24 hours')
        return CancellationScope.nonCancellable(() => end(ending, '10 minutes'))
      // The experiment or sweep keeps its result if MLflow lacks points.
      return innermostMessage(error)
    }
  }

  return {
    get url() {
      return state.url
    },
    get tracked() {
      const { step, unansweredSince } = state
      return { trackedStep: step, ...knownRun(), ...given({ unansweredSince }) }
    },
    open(known = {}) {
      state.ended = false
      following = scope
        .run(() => follow(known))
        .catch((error: unknown) => {
          if (!isCancellation(error)) log.warn('tracking stopped', { error: innermostMessage(error) })
        })
        .finally(() => {
          state.ended = true
        })
    },
    advanceTo(step) {
      state.target = step
    },
    computedBy(worker) {
      state.worker = worker
    },
    show(status) {
      state.status = status
    },
    settle,
    close: ending => end(ending, ending.status === 'FINISHED' ? '24 hours' : '10 minutes'),
  }
}
