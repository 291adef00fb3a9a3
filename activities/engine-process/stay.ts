/**
 * How an experiment keeps to a policy worker. With an activity the workflow says that it would come back, and gets, beside the output, the
 * queue by which it does. A worker that is held for one experiment gives back what an open poll brings it of another.
 */
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'

/** In the input of an activity: answer with the place. `more`: another activity of the experiment will follow. */
export interface Keep {
  more: boolean
}

/** Where an activity was done. */
export interface Place {
  /** Queue of that worker alone. */
  queue: string
  /** What it computes on, as in `provenance.json`. */
  engine: string
  /** Identity of the worker. */
  worker: string
}

/** The answer to an input with `keep`. */
export interface Placed<Output> {
  output: Output
  place: Place
}

/** The worker's part of it. */
export interface Stay extends Pick<Place, 'queue' | 'worker'> {
  mayTake(queue: string): boolean
  hold(): void
  release(): void
}

/** Type of the failure of an attempt that was given back before it began; no trouble of the activity. */
export const workerBusy = 'WorkerBusy'

export function givenBack(): ApplicationFailure {
  return ApplicationFailure.create({
    message: 'given back: the worker computes for another experiment',
    type: workerBusy,
    nextRetryDelay: '200 ms',
    category: ApplicationFailureCategory.BENIGN,
  })
}
