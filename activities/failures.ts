/**
 * Errors as Temporal failures: the kind of an RlevError becomes the failure's type, and decides whether the activity is tried again.
 * A worker that dies is always replaced. An unknown error is tried a few times, then ends the stage.
 */
import { ApplicationFailure, type ApplicationFailureOptions, CancelledFailure } from '@temporalio/common'
import { type ErrorKind, RlevError } from '../pipelines/errors.js'
import { printable, shortened } from '../pipelines/printable.js'
import { masked } from './machine/secrets.js'
import { asStorageError } from './store/disk-errors.js'
import { FenceLost } from './store/fence.js'

/** Of an error that may pass. */
const maxAttempts = 5

/** Whether another attempt can succeed: services come back and other workers finish, but files and configs do not change. */
const retry: Record<ErrorKind, 'never' | 'few' | 'always'> = {
  CallInvalid: 'never',
  ConfigInvalid: 'never',
  DataInvalid: 'never',
  CheckpointInvalid: 'never',
  Drift: 'never',
  // The workflow asks a worker of the right one (workflows/policy-worker.ts).
  OtherEngine: 'never',
  NotFinite: 'never',
  NotFound: 'never',
  TrackingConflict: 'never',
  // A damaged artifact is set aside when it is found, so the next attempt goes on from the one before it.
  ArtifactDamaged: 'few',
  PartMissing: 'few',
  // Another process may free some.
  OutOfMemory: 'few',
  // The worker has started another one, as a dead worker is replaced.
  EngineEnded: 'always',
  ServiceUnavailable: 'always',
  // Somebody may make room, even if only after a weekend.
  NoStorage: 'always',
}

/** Each attempt computes again what could not be written, so it is not tried every second. */
const fullDiskRetryDelay = '1 minute'

export function toFailure(thrown: unknown, attempt: number): Error {
  const error = asStorageError(thrown, placeOf(thrown))
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error
  if (error instanceof FenceLost) return ApplicationFailure.fromError(error, { type: 'FenceLost' })
  if (error instanceof RlevError) {
    const { cause: _, ...parts } = error.parts
    const details = Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, masked(text)]))
    const how = retry[error.kind]
    return failure(error, {
      type: error.kind,
      nonRetryable: how === 'never' || (how === 'few' && attempt >= maxAttempts),
      details: [details],
      ...(error.kind === 'NoStorage' ? { nextRetryDelay: fullDiskRetryDelay } : {}),
    })
  }
  const unknown = error instanceof Error ? error : new Error(String(error))
  return failure(unknown, { type: unknown.name, nonRetryable: attempt >= maxAttempts })
}

/** An error of the file system has a path if the call had one. */
function placeOf(error: unknown): string {
  return error instanceof Error && 'path' in error ? String(error.path) : 'the home of the run'
}

/** Temporal refuses a failure of 2 MB, and the activity would then be tried again without end. */
const maxMessageChars = 50_000

/** A failure goes into the history, which everybody who sees the workflow can read: it has no secrets and no cause. */
function failure(error: Error, options: Omit<ApplicationFailureOptions, 'message' | 'cause'>): Error {
  const reason = !(error instanceof RlevError) && error.cause instanceof Error ? ` (${error.cause.message})` : ''
  const made = ApplicationFailure.create({ ...options, message: shown(error.message + reason) })
  made.stack = shown(error.stack ?? error.message)
  return made
}

const shown = (text: string): string => printable(masked(shortened(text, maxMessageChars)))
