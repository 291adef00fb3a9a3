/** Inputs that somebody made to do harm, and what must become of each. */
import type { ErrorKind } from '../../pipelines/errors.js'

export interface HostileCase {
  name: string
  /** Writes the input into the folder, which is the case's own; done by the test, whose memory is not measured. */
  make?: (folder: string) => void
  /** What meets the input, in the process that is measured. */
  meet: (folder: string) => unknown
  /** The error it must give, or the value. */
  outcome: { refused: ErrorKind; says: RegExp } | { gives: string }
}

/** What the measured process tells of a case, a line each. */
export interface Met {
  name: string
  /** Of an RlevError; `unexpected` for any other error. */
  refused?: ErrorKind | 'unexpected'
  message?: string
  /** As JSON. */
  gives?: string
  milliseconds: number
  /** Of the processor, in this process. (ms) */
  busy: number
  /** Most memory that the process has had. (MB) */
  peak: number
}

export const limits = { milliseconds: 5000, peak: 500 } as const
