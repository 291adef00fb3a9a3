/** What was measured of a size. */
import type { CandidateName } from './candidates/candidates.js'
import type { Answer, Measure, Settings } from './candidates/protocol.js'
import type { BenchOptions } from './options.js'
import type { Size } from './sizes.js'

export interface Measured {
  candidate: CandidateName
  measure: Measure
  /** Chosen before the rounds. */
  settings: Settings
  /** Time of the first call in the process, which builds the graphs. (s) The median, if each round has a process. */
  firstCall: number | null
  /** The most memory of the process that made it. (bytes) Null where the system does not say, or other measures share the process. */
  peakBytes: number | null
  /** One for each round. */
  rounds: Answer[]
}

/** What to measure. */
export interface ToMeasure {
  options: BenchOptions
  size: Size
  /** Takes a line of progress. */
  say: (line: string) => void
}

export interface SizeResult {
  size: Size
  measured: Measured[]
  versions: Readonly<Record<string, string>>
  /** Candidates that failed, with their words. */
  failed: Readonly<Record<string, string>>
}
