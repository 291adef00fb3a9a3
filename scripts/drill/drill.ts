/** What a drill is: a module with `run`. */
import type { DrillResult } from './result.js'
import type { NamedServer } from './tinker/drilled-server.js'

export interface DrillOptions {
  /** Of everything that is drawn: victims, moments, hits. */
  seed: number
  /** Random kills in all. */
  kills: number
  /** Config file of what runs, for the drill `everything`; null for three tiny arms. */
  config: string | null
  /** Path of the production server of Temporal, for the drill `machines`; null for the dev server. */
  temporal: string | null
  /** Of the drill `machines`: only its cases whose name contains this; null for all. */
  cases: string | null
  /** For the drill `tinker`; null for the small server of the tests. */
  server: NamedServer | null
  /** Of the drill `tinker`: so many of its kills. */
  places: number
  /** Less of everything, for a test. */
  short: boolean
  say: (line: string) => void
}

export type Drill = (options: DrillOptions) => Promise<DrillResult>
