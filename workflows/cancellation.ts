/** How a workflow recognises that an activity was cancelled, and how it then ends itself. */
import { ActivityFailure, CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow'

/**
 * Whether an activity ended because it was cancelled. Usually it says so itself. If its worker died or it failed at that moment,
 * the server refuses another attempt instead.
 */
export function endedByCancellation(error: unknown): boolean {
  return isCancellation(error) || (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED')
}

/** The error that a workflow throws when it caught this one: a cancelled workflow ends as cancelled, however its activities ended. */
export function endingOf(error: unknown): unknown {
  const cancelled = CancellationScope.current().consideredCancelled && endedByCancellation(error)
  return cancelled && !isCancellation(error) ? new CancelledFailure('the workflow was cancelled') : error
}

/** A cancellation ends the children of a workflow, and so its wait for them, without an error. `what` was cancelled. */
export function refuseCancelled(what: 'sweep' | 'batch'): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure(`the ${what} was cancelled`)
}
