/** How an activity that was told to end shows in a workflow, and what the workflow then ends as. */
import { ActivityFailure, CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow'

/**
 * Whether this is how a cancelled activity ended: by saying so, or, where its worker had died or it failed just then, by the
 * server's refusal to try again what is to be cancelled.
 */
export function endedByCancellation(error: unknown): boolean {
  return isCancellation(error) || (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED')
}

/** What a workflow throws for an error that it met: a cancelled one ends as such, whatever its activities came to. */
export function endingOf(error: unknown): unknown {
  const cancelled = CancellationScope.current().consideredCancelled && endedByCancellation(error)
  return cancelled && !isCancellation(error) ? new CancelledFailure('the workflow was cancelled') : error
}
