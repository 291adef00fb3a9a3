/** Seeds that a difference needs, and differences that a number of seeds can find: power of the two-sided paired t-test. */
import { studentQuantile } from './distributions.js'
import { noncentralStudentCumulative } from './noncentral-student.js'

export interface PowerSettings {
  /** Chance of finding the difference; default 0.8. */
  power?: number
  /** Level of the test, before any correction; divide it by the number of arms for Holm's first step. Default 0.05. */
  significance?: number
}

/** Chance that the test rejects if the true difference is `effect` standard deviations of the paired differences. Seeds at least 2. */
export function pairedPower({
  effect,
  seeds,
  significance = 0.05,
}: {
  effect: number
  seeds: number
  significance?: number
}): number {
  const critical = studentQuantile(1 - significance / 2, seeds - 1)
  const shift = effect * Math.sqrt(seeds)
  const above = 1 - noncentralStudentCumulative(critical, seeds - 1, shift)
  return above + noncentralStudentCumulative(-critical, seeds - 1, shift)
}

/** Upper limit of the search. */
const MOST_SEEDS = 100_000

/**
 * Fewest seeds, at least 2, that find a `difference` with the given power, if paired differences scatter by `deviation` (the same
 * unit). Null if 100,000 are not enough, as for a difference of 0.
 */
export function seedsNeeded({
  difference,
  deviation,
  power = 0.8,
  significance = 0.05,
}: PowerSettings & { difference: number; deviation: number }): number | null {
  const effect = Math.abs(difference) / deviation
  const enough = (seeds: number) => effect === Infinity || pairedPower({ effect, seeds, significance }) >= power
  let low = 1
  let high = 2
  while (!enough(high)) {
    if (high === MOST_SEEDS) return null
    low = high
    high = Math.min(2 * high, MOST_SEEDS)
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (enough(middle)) high = middle
    else low = middle
  }
  return high
}

/** Smallest difference, in the unit of `deviation`, that `seeds` find with the given power. Null with fewer than two seeds. */
export function minimumDetectable({
  seeds,
  deviation,
  power = 0.8,
  significance = 0.05,
}: PowerSettings & { seeds: number; deviation: number }): number | null {
  if (seeds < 2) return null
  let low = 0
  let high = 1
  while (pairedPower({ effect: high, seeds, significance }) < power) high *= 2
  for (let round = 0; round < 100 && high - low > 1e-12 * high; round++) {
    const middle = (low + high) / 2
    if (pairedPower({ effect: middle, seeds, significance }) < power) low = middle
    else high = middle
  }
  return high * deviation
}
