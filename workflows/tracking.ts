/**
 * Tracking beside training: a second line of activities that follows the first. An MLflow that is down makes it late; it
 * neither stops training nor loses points, which are in the store until they are sent.
 */
import { CancellationScope, condition, isCancellation, log } from '@temporalio/workflow'
import type { ArtifactRef } from '../activities/clients/store.js'
import type { CloseTrackingInput } from '../activities/close-tracking.js'
import type { Subject } from '../activities/tracking/subject.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { trackingActivities } from './activity-options.js'

export interface Tracking {
  readonly url: string | undefined
  /** Last step whose points are in MLflow. */
  readonly trackedStep: number
  /** Begins: the run is made, or taken up again. */
  open(data?: ArtifactRef): void
  /** Everything up to this step is in the store and may be sent. */
  advanceTo(step: number): void
  /** Waits for what is under way, then stops sending: the rest belongs to whoever continues. */
  settle(): Promise<void>
  /** Sends the rest and ends the run in MLflow. Gives what went wrong, if anything did. */
  close(ending: Pick<CloseTrackingInput, 'status' | 'failure'>): Promise<string | undefined>
}

/** `config`: the experiment's; a sweep has its first arm's. */
export function trackBeside(
  { subject, config }: { subject: Subject; config: ExperimentConfig },
  trackedStep = -1,
): Tracking {
  const state = {
    tracked: trackedStep,
    target: trackedStep,
    stopping: false,
    ended: true,
    url: undefined as string | undefined,
  }
  const scope = new CancellationScope()
  let line: Promise<void> = Promise.resolve()

  async function follow(data: ArtifactRef | undefined): Promise<void> {
    const { runId, url } = await trackingActivities(config, 'MLflow run').openTracking({
      subject,
      ...(data === undefined ? {} : { data }),
    })
    state.url = url
    while (subject.kind === 'experiment' && !state.stopping) {
      await condition(() => state.target > state.tracked || state.stopping)
      const { tracked: from, target: to } = state
      if (to === from) continue
      await trackingActivities(config, `points of steps ${from + 1}-${to}`).trackProgress({
        runId,
        run: subject.id,
        from,
        to,
      })
      state.tracked = to
    }
  }

  async function settle(): Promise<void> {
    state.stopping = true
    // An answering MLflow needs no more than this; one that is down is not waited for.
    if (!state.ended) await condition(() => state.ended, '10 seconds')
    if (!state.ended) scope.cancel()
    await line
  }

  return {
    get url() {
      return state.url
    },
    get trackedStep() {
      return state.tracked
    },
    open(data) {
      state.ended = false
      line = scope
        .run(() => follow(data))
        .catch((error: unknown) => {
          if (!isCancellation(error)) log.warn('tracking stopped', { error: messageOf(error) })
        })
        .finally(() => {
          state.ended = true
        })
    },
    advanceTo(step) {
      state.target = step
    },
    settle,
    async close(ending) {
      await settle()
      const patience = ending.status === 'FINISHED' ? '24 hours' : '10 minutes'
      try {
        const { url } = await trackingActivities(config, `MLflow run ${ending.status}`, patience).closeTracking({
          subject,
          trackedStep: state.tracked,
          endTime: Date.now(),
          ...ending,
        })
        state.url = url
        return undefined
      } catch (error) {
        // The result stands without its tracking; a cancellation goes on, so that the run is closed as such.
        if (isCancellation(error) && ending.status === 'FINISHED') throw error
        return messageOf(error)
      }
    },
  }
}

/** The innermost cause's words: that is where an activity says what happened. */
export function messageOf(error: unknown): string {
  let innermost = error
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause
  return innermost instanceof Error ? innermost.message : String(innermost)
}
