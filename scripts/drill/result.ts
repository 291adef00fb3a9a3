/** What a drill gives back: whether everything held, over how many cases, what did not, and what was measured. */

export interface DrillResult {
  name: string
  /** True with no failures only. */
  passed: boolean
  /** Faults that struck, points or runs that were checked: what `passed` stands on. */
  cases: number
  /** A sentence each. */
  failures: string[]
  /** By name; a name ends in its unit where it has one. */
  figures: Record<string, number>
}
