/**
 * How work in pipelines/ gives way inside an activity: a heartbeat, then a turn of the event loop, without which neither
 * the heartbeat leaves nor a cancellation arrives while TensorFlow holds the thread.
 *
 * Every cancellation (of the workflow, a pause of the activity, a worker that shuts down, a lost task) is treated alike:
 * the micro-batch is finished, what is journaled stays, and the cancellation is thrown on.
 */
import { setImmediate } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import type { Hooks } from '../pipelines/progress.js'
import { failPoint } from './fail-points/fail-point.js'
import type { FailPointName } from './fail-points/names.js'
import type { Attempt } from './store/fence.js'

/** `note` says what the activity is at, for whoever looks at its heartbeat in the Web UI. */
export function activityHooks(note?: string): Hooks {
  const context = Context.current()
  return {
    async tick(progress) {
      context.heartbeat(progress === undefined ? { note } : { note, ...progress })
      await setImmediate()
      if (context.cancellationSignal.aborted) await context.cancelled
    },
  }
}

/** The same hooks, with a fail point after every tick. */
export function meeting(name: FailPointName & `${string}.tick`, { tick }: Hooks): Hooks {
  return {
    async tick(progress) {
      await tick(progress)
      failPoint(name)
    },
  }
}

/** Which attempt this is, for the fence. */
export function currentAttempt(): Attempt {
  const { activityId, attempt, workflowExecution } = Context.current().info
  // The SDK numbers the activities of a run.
  return { run: workflowExecution?.runId ?? '', activity: Number(activityId), attempt }
}

/** Whether the activity may still write. Throws the cancellation. */
export async function throwIfCancelled(): Promise<void> {
  const context = Context.current()
  await setImmediate()
  if (context.cancellationSignal.aborted) await context.cancelled
}

/** Work that ticks nothing, such as a request that waits for a server: a heartbeat every second, and a cancellation thrown as such. */
export async function beating<Result>(work: () => Promise<Result>): Promise<Result> {
  const context = Context.current()
  const timer = setInterval(() => context.heartbeat(), 1000)
  try {
    return await work()
  } catch (error) {
    // The abort of a request is how a cancellation shows there.
    if (context.cancellationSignal.aborted) await context.cancelled
    throw error
  } finally {
    clearInterval(timer)
  }
}
