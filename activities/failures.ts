/**
 * Errors as Temporal failures: the kind of an RlevError becomes the failure's type, and says whether trying again can help.
 * A worker that dies is always replaced; an error that is thrown and may pass is tried a few times, then ends the stage.
 */
import { ApplicationFailure, type ApplicationFailureOptions, CancelledFailure } from '@temporalio/common'
import { type ErrorKind, RlevError } from '../pipelines/errors.js'
import { printable, shortened } from '../pipelines/printable.js'
import { masked } from './machine/secrets.js'
import { asStorageError } from './store/disk-errors.js'
import { FenceLost } from './store/fence.js'

const attemptsOfUnknown = 5

/** Whether the same call can end otherwise: services come back and other workers finish, files and configs do not change. */
const retry: Record<ErrorKind, 'never' | 'few' | 'always'> = {
  CallInvalid: 'never',
  ConfigInvalid: 'never',
  DataInvalid: 'never',
  CheckpointInvalid: 'never',
  Drift: 'never',
  NotFinite: 'never',
  NotFound: 'never',
  TrackingConflict: 'never',
  // Set aside when found, so the next attempt goes on from the one before.
  ArtifactDamaged: 'few',
  PartMissing: 'few',
  // Another process may give some back.
  OutOfMemory: 'few',
  ServiceUnavailable: 'always',
  // Until somebody makes room, be it after a weekend.
  NoStorage: 'always',
}

/** Each attempt computes again what could not be written. */
const patienceWithDisk = '1 minute'

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
      nonRetryable: how === 'never' || (how === 'few' && attempt >= attemptsOfUnknown),
      details: [details],
      ...(error.kind === 'NoStorage' ? { nextRetryDelay: patienceWithDisk } : {}),
    })
  }
  const unknown = error instanceof Error ? error : new Error(String(error))
  return failure(unknown, { type: unknown.name, nonRetryable: attempt >= attemptsOfUnknown })
}

/** An error of the file system has a path where the call had one. */
function placeOf(error: unknown): string {
  return error instanceof Error && 'path' in error ? String(error.path) : 'the home of the run'
}

/** Characters of a failure's message: Temporal refuses a failure of 2 MB, and the activity would be tried for ever. */
const longest = 50_000

/** A failure goes into the history, where everybody who sees the workflow reads it: without secrets, and without what caused it. */
function failure(error: Error, options: Omit<ApplicationFailureOptions, 'message' | 'cause'>): Error {
  const reason = !(error instanceof RlevError) && error.cause instanceof Error ? ` (${error.cause.message})` : ''
  const made = ApplicationFailure.create({ ...options, message: told(error.message + reason) })
  made.stack = told(error.stack ?? error.message)
  return made
}

const told = (text: string): string => printable(masked(shortened(text, longest)))
