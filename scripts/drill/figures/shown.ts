/** The figures of goodput and recovery by name, as the drills give them. */
import { causes, type Goodput, lengthOf, type Recovery } from './goodput.js'

/** In percent. */
export const goodputOf = ({ productive, elapsed }: Goodput): number => (100 * productive) / elapsed

/** Shares of the elapsed time, in percent. */
export function goodputFigures(row: Goodput): Record<string, number> {
  const { meanTime, kills, elapsed, productive, recoveries } = row
  const label = `MTBK ${meanTime === null ? 'none' : `${meanTime} s`}`
  const lost = causes.map(cause => [cause, recoveries.reduce((sum, recovery) => sum + recovery[cause], 0)] as const)
  const other = elapsed - productive - lost.reduce((sum, [, each]) => sum + each, 0)
  return {
    [`${label}: kills`]: kills,
    [`${label}: elapsed s`]: elapsed,
    [`${label}: goodput %`]: goodputOf(row),
    ...Object.fromEntries(
      [...lost, ['other', other] as const].map(([cause, each]) => [`${label}: ${cause} %`, (100 * each) / elapsed]),
    ),
  }
}

/** The same in a line. */
export function goodputLine(row: Goodput): string {
  return Object.entries(goodputFigures(row))
    .map(([name, value]) => `${name.replace(/^MTBK [^:]*: /, '')} ${value.toFixed(1)}`)
    .join(', ')
    .replace(/^/, `mean time between kills ${row.meanTime ?? 'none'}: `)
}

/** Of recoveries that ended before the next kill. */
export function recoveryFigures(whole: readonly Recovery[]): Record<string, number> {
  const shares = [0.5, 0.95, 1] as const
  const named = (name: string, values: readonly number[]) =>
    shares.map(share => [`${name} ${share === 1 ? 'max' : `p${share * 100}`} s`, percentile(values, share)] as const)
  return {
    'recoveries measured': whole.length,
    ...Object.fromEntries([
      ...named('recovery', whole.map(lengthOf)),
      ...causes.flatMap(cause =>
        named(
          cause,
          whole.map(recovery => recovery[cause]),
        ),
      ),
    ]),
  }
}

/** The smallest value that this share of them does not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
