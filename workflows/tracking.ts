/**
 * Tracking beside training: a second line of activities that follows the first. An MLflow that is down makes it late; it
 * neither stops training nor loses points, which are in the store until they are sent.
 */
import { CancellationScope, condition, isCancellation, log } from '@temporalio/workflow'
import type { CloseTrackingInput } from '../activities/close-tracking.js'
import type { OpenTrackingInput } from '../activities/open-tracking.js'
import type { OpenStatus } from '../activities/track-status.js'
import type { Subject } from '../activities/tracking/subject.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { innermostMessage } from '../pipelines/errors.js'
import { type Patience, trackingActivities } from './activity-options.js'
import { endedByCancellation } from './cancellation.js'

/** What MLflow has: everything up to a step, in a run of its own. */
export interface Tracked {
  trackedStep: number
  trackedRun?: string
  /** When the call was made that it has not answered, in ms; absent where it answers. */
  unansweredSince?: number
}

export interface Tracking {
  readonly url: string | undefined
  readonly tracked: Tracked
  /** Begins: the run is made, or taken up again. */
  open(known?: Known): void
  /** Everything up to this step is in the store and may be sent. */
  advanceTo(step: number): void
  /** The status of the run in MLflow from now on; RUNNING when it is opened. */
  show(status: OpenStatus): void
  /** Waits for what is under way, then stops sending: the rest belongs to whoever continues. */
  settle(): Promise<void>
  /**
   * Sends the rest and ends the run in MLflow. Gives what went wrong, if anything did. Cancelled, it waits no longer than after
   * a failure: what is done stays done.
   */
  close(ending: Ending): Promise<string | undefined>
}

type Known = Pick<OpenTrackingInput, 'data' | 'finished'>
type Ending = Pick<CloseTrackingInput, 'status' | 'failure'>

/** An answering MLflow needs no more for what is under way; one that is down costs training this once, and no more. (ms) */
const patienceUnderWay = 5_000

const before: Tracked = { trackedStep: -1 }

/** `config`: the experiment's; a sweep has its first arm's. */
export function trackBeside(
  { subject, config }: { subject: Subject; config: ExperimentConfig },
  { trackedStep, trackedRun, unansweredSince }: Tracked = before,
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
    url: undefined as string | undefined,
  }
  const scope = new CancellationScope()
  let line: Promise<void> = Promise.resolve()

  async function answered<Output>(call: Promise<Output>): Promise<Output> {
    state.unansweredSince ??= Date.now()
    const output = await call
    state.unansweredSince = undefined
    return output
  }

  async function follow(known: Known): Promise<void> {
    const opening = { subject, ...known, ...knownRun() }
    const { runId, url } = await answered(trackingActivities(config, 'MLflow run').openTracking(opening))
    state.url = url
    // Where the run that has the points is gone from MLflow, another one gets them all.
    if (runId !== state.run) state.step = -1
    state.run = runId
    const lacksPoints = () => subject.kind === 'experiment' && state.target > state.step
    const lacksStatus = () => state.status !== state.shown
    while (!state.stopping) {
      await condition(() => lacksPoints() || lacksStatus() || state.stopping)
      if (lacksPoints()) await send(runId)
      else if (lacksStatus()) await showStatus(runId)
    }
  }

  async function send(runId: string): Promise<void> {
    if (subject.kind !== 'experiment') return
    const { step: from, target: to } = state
    const activities = trackingActivities(config, `points of steps ${from + 1}-${to}`)
    await answered(activities.trackProgress({ runId, run: subject.id, from, to }))
    state.step = to
  }

  async function showStatus(runId: string): Promise<void> {
    const { status } = state
    await answered(trackingActivities(config, `MLflow run ${status}`).trackStatus({ runId, status }))
    state.shown = status
  }

  async function settle(): Promise<void> {
    state.stopping = true
    const left = (state.unansweredSince ?? Date.now()) + patienceUnderWay - Date.now()
    if (!state.ended && left > 0) await condition(() => state.ended, left)
    if (!state.ended) scope.cancel()
    await line
  }

  function knownRun(): Pick<Tracked, 'trackedRun'> {
    return state.run === undefined ? {} : { trackedRun: state.run }
  }

  async function end(ending: Ending, patience: Patience): Promise<string | undefined> {
    try {
      await settle()
      const { url } = await trackingActivities(config, `MLflow run ${ending.status}`, patience).closeTracking({
        subject,
        trackedStep: state.step,
        ...knownRun(),
        endTime: Date.now(),
        ...ending,
      })
      state.url = url
      return undefined
    } catch (error) {
      if (endedByCancellation(error) && patience === '24 hours')
        return CancellationScope.nonCancellable(() => end(ending, '10 minutes'))
      // The result stands without its tracking.
      return innermostMessage(error)
    }
  }

  return {
    get url() {
      return state.url
    },
    get tracked() {
      const { step, unansweredSince } = state
      return { trackedStep: step, ...knownRun(), ...(unansweredSince === undefined ? {} : { unansweredSince }) }
    },
    open(known = {}) {
      state.ended = false
      line = scope
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
    show(status) {
      state.status = status
    },
    settle,
    close: ending => end(ending, ending.status === 'FINISHED' ? '24 hours' : '10 minutes'),
  }
}
