/** How many seeds a difference needs, and what so many seeds can show: power of the two-sided paired t-test, by the noncentral t. */
import { studentQuantile } from './distributions.js'
import { noncentralStudentCumulative } from './noncentral-student.js'

export interface PowerSettings {
  /** Chance of finding the difference; default 0.8. */
  power?: number
  /** Level of the test, before any correction; divide it by the number of arms for Holm's first step. Default 0.05. */
  significance?: number
}

/** Chance that the test rejects when the true difference is `effect` standard deviations of the paired differences. Seeds at least 2. */
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

/** More are not asked for: no sweep has them. */
const MOST_SEEDS = 100_000

/**
 * Fewest seeds, at least 2, that find a `difference` with the power asked for, when paired differences scatter by `deviation` (the same
 * unit). Null where not even 100,000 would, a difference of 0 among them.
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

/** Smallest difference, in the unit of `deviation`, that `seeds` find with the power asked for. Null with fewer than two seeds. */
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
