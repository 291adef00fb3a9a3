/**
 * A stage that needs no policy: errors mapped as in failures.ts, and a heartbeat every second of its own, so that a dead
 * worker is noticed soon and a cancellation reaches a request that waits for a server.
 */
import { Context } from '@temporalio/activity'
import { stage } from './failures.js'

export function lightStage<Input, Output>(body: (input: Input) => Promise<Output>): (input: Input) => Promise<Output> {
  return stage(async input => {
    const context = Context.current()
    const timer = setInterval(() => context.heartbeat(), 1000)
    try {
      return await body(input)
    } catch (error) {
      // The abort of a request is how a cancellation shows there.
      if (context.cancellationSignal.aborted) await context.cancelled
      throw error
    } finally {
      clearInterval(timer)
    }
  })
}
