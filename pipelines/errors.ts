/** The errors of rlev, by kind. Each states the place, what was expected, what was found, and the remedy. */
import { printable, shortened, withoutCredentials } from './printable.js'

/** `kind` is also the `type` of the Temporal failure that an activity makes of the error (activities/failures.ts). */
export type ErrorKind =
  | 'CallInvalid' // the command line or an argument is wrong
  | 'ConfigInvalid' // a config file, or two options that contradict each other
  | 'DataInvalid' // a data file or one of its rows
  | 'CheckpointInvalid' // a checkpoint, tokenizer or tensor file
  | 'ArtifactDamaged' // a stored artifact whose bytes do not match its digest
  | 'Drift' // the code or the config of a run is another than when it began
  | 'OtherEngine' // the policy of a run is computed on another library, processor or card
  | 'NotFinite' // a loss, gradient or metric that is NaN or infinite
  | 'OutOfMemory' // memory ran out, or would
  | 'NoStorage' // the disk is full, over its quota, or read-only
  | 'EngineEnded' // the process that computes the policy ended, or was ended because it stood still
  | 'PartMissing' // something set-up provides is not there
  | 'ServiceUnavailable' // Temporal or MLflow does not answer
  | 'TrackingConflict' // MLflow holds something else under the same key
  | 'NotFound' // no run, arm or file of that name

export interface ErrorParts {
  kind: ErrorKind
  /** One sentence: what is wrong. */
  message: string
  /** Where: `file:line:column`, `file row 12`, a tensor's name, an address. */
  place?: string
  expected?: string
  found?: string
  /** What the reader can do about it. */
  remedy?: string
  cause?: unknown
}

export class RlevError extends Error {
  readonly kind: ErrorKind
  readonly parts: ErrorParts

  constructor(said: ErrorParts) {
    const parts = showable(said)
    super(describe(parts), parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = 'RlevError'
    this.kind = parts.kind
    this.parts = parts
  }
}

/** The message of the innermost cause: the error of an activity reaches its workflow, and its caller, inside several others. */
export function innermostMessage(error: unknown): string {
  let innermost = error
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause
  return innermost instanceof Error ? innermost.message : String(innermost)
}

/** Limit of one part of an error. (characters) */
const maxPartLength = 20_000

/** An error quotes files, models and servers, and is shown in terminals, logs, pages and workflow histories. */
function showable(parts: ErrorParts): ErrorParts {
  const texts = Object.entries(parts).filter((part): part is [string, string] => typeof part[1] === 'string')
  const shown = texts.map(([name, text]) => [name, printable(withoutCredentials(shortened(text, maxPartLength)))])
  return { ...parts, ...Object.fromEntries(shown) }
}

function describe({ message, place, expected, found, remedy }: ErrorParts): string {
  const lines = [place === undefined ? message : `${place}: ${message}`]
  if (expected !== undefined) lines.push(`  expected: ${expected}`)
  if (found !== undefined) lines.push(`  found:    ${found}`)
  if (remedy !== undefined) lines.push(`  to do:    ${remedy}`)
  return lines.join('\n')
}
