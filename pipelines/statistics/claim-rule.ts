/** The verdict on a claim, by a rule that is printed beside it: supported, not supported, or undecided. */
import type { Interval } from './estimate.js'

export type ClaimVerdict = 'supported' | 'not supported' | 'undecided'

export interface ClaimRule {
  /** What is claimed of the arm against the baseline: that it gains, that it loses, or only that it differs. */
  direction: 'gain' | 'loss' | 'difference'
  /** Smallest difference of interest, in the unit of the interval; 0 if none was named before the run. */
  smallest: number
  /** Level that the corrected p has to be below. */
  significance: number
}

export interface Evidence {
  /** Of the difference; null with fewer than three seeds. */
  interval: Interval | null
  /** Corrected over the hypotheses of the table; null if no test could be made. */
  p: number | null
}

/**
 * "Not supported" is checked first: if the interval contains no difference as large as the smallest of interest, a certain but small
 * one is not what was claimed. For a claim of any difference this is equivalence, the interval inside ±smallest; with a 95% interval it
 * is stricter than two one-sided tests at 0.05.
 */
export function judge({ interval, p }: Evidence, { direction, smallest, significance }: ClaimRule): ClaimVerdict {
  if (interval === null) return 'undecided'
  const { low, high } = direction === 'loss' ? { low: -interval.high, high: -interval.low } : interval
  const either = direction === 'difference'
  if (high < smallest && (!either || low > -smallest)) return 'not supported'
  const outside = low > 0 || (either && high < 0)
  return outside && p !== null && p < significance ? 'supported' : 'undecided'
}

/** The rule as a sentence, to stand beside the verdicts; `shown` writes the smallest difference with its unit. */
export function ruleInWords(
  { direction, smallest, significance }: ClaimRule,
  { interval, p, shown }: { interval: string; p: string; shown: (size: number) => string },
): string {
  const supported = `A ${direction} is supported when ${interval} ${outsideInWords(direction)} and ${p} is below ${significance}`
  const not = unsupportedInWords(direction, smallest === 0 ? null : shown(smallest))
  return `${supported}${not === null ? '' : `; not supported when the interval ${not}`}; else undecided.`
}

function outsideInWords(direction: ClaimRule['direction']): string {
  switch (direction) {
    case 'gain':
      return 'lies above 0'
    case 'loss':
      return 'lies below 0'
    case 'difference':
      return 'leaves out 0'
    default:
      return direction satisfies never
  }
}

function unsupportedInWords(direction: ClaimRule['direction'], smallest: string | null): string | null {
  switch (direction) {
    case 'gain':
      return smallest === null ? 'lies below 0' : `holds no gain of ${smallest}, the smallest of interest`
    case 'loss':
      return smallest === null ? 'lies above 0' : `holds no loss of ${smallest}, the smallest of interest`
    case 'difference':
      return smallest === null ? null : `lies inside ±${smallest}, the smallest difference of interest`
    default:
      return direction satisfies never
  }
}
