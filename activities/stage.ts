/**
 * A stage: one activity of the workflow, as a file of this folder defines it. The wrapper meets the fail points before and after the
 * work, heartbeats, throws a cancellation as such, and maps what is thrown to a failure of Temporal (failures.ts).
 *
 * Every cancellation (of the workflow, a pause of the activity, a worker that shuts down, a lost task) is handled alike: the micro-batch
 * is finished, what is journaled stays, and the cancellation is thrown on.
 */
import { setImmediate } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import type { Hooks } from '../pipelines/progress.js'
import { failPoint } from './fail-points/fail-point.js'
import type { FailPointName } from './fail-points/names.js'
import { toFailure } from './failures.js'
import type { Attempt } from './store/fence.js'

/** Milliseconds between the heartbeats of a timer. */
const heartbeatIntervalMs = 1000

interface StageOptions<Input, Output> {
  /**
   * `timer`: every second, for work that leaves the event loop free, such as files and requests. `ticks`: from `stageHooks`, for work in
   * which TensorFlow holds the thread, so that a timer would say nothing about its progress.
   */
  heartbeat: 'timer' | 'ticks'
  run: (input: Input) => Promise<Output>
}

/** The activity that runs `run`. It throws ApplicationFailure or CancelledFailure only. */
export function stage<Input, Output>({
  heartbeat,
  run,
}: StageOptions<Input, Output>): (input: Input) => Promise<Output> {
  return async input => {
    try {
      failPoint('activity.before')
      const output = heartbeat === 'timer' ? await withHeartbeat(() => run(input)) : await run(input)
      failPoint('activity.after')
      return output
    } catch (error) {
      throw toFailure(error, Context.current().info.attempt)
    }
  }
}

/** Heartbeats every second while `work` runs, as long as it leaves the event loop free. Throws a cancellation as such. */
export async function withHeartbeat<Result>(work: () => Promise<Result>): Promise<Result> {
  const context = Context.current()
  const timer = setInterval(() => context.heartbeat(), heartbeatIntervalMs)
  try {
    return await work()
  } catch (error) {
    // A cancellation aborts the request under way, which then throws another error.
    if (context.cancellationSignal.aborted) await context.cancelled
    throw error
  } finally {
    clearInterval(timer)
  }
}

/**
 * Hooks for work in pipelines/: a heartbeat at each tick, then a turn of the event loop, without which neither the heartbeat leaves nor a
 * cancellation arrives. `note` is shown with the heartbeat in the Web UI: what the activity is doing.
 */
export function stageHooks(note: string): Hooks {
  const context = Context.current()
  return {
    async tick(progress) {
      context.heartbeat({ note, ...progress })
      await throwIfCancelled()
    },
  }
}

/** The same hooks, with a fail point after every tick. */
export function withFailPoint(name: FailPointName & `${string}.tick`, { tick }: Hooks): Hooks {
  return {
    async tick(progress) {
      await tick(progress)
      failPoint(name)
    },
  }
}

/** Throws the cancellation if there is one: a stage asks before it writes. */
export async function throwIfCancelled(): Promise<void> {
  const context = Context.current()
  await setImmediate()
  if (context.cancellationSignal.aborted) await context.cancelled
}

/** Identifies this attempt for the fence. */
export function currentAttempt(): Attempt {
  const { activityId, attempt, workflowExecution } = Context.current().info
  // The SDK numbers the activities of a run.
  return { run: workflowExecution?.runId ?? '', activity: Number(activityId), attempt }
}
