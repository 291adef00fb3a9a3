/**
 * The comparisons: the recorded engine with the eager one, and each of ours with the peer that does the same
 * work.
 */
import type { CandidateName } from './candidates.js'
import { engineNames } from './engine.js'
import type { Answer, Measure } from './protocol.js'
import type { Measured, SizeResult } from './rounds.js'
import { updateOperations } from './sizes.js'
import { median, type Ratio, ratioOf } from './statistics.js'

export interface Comparison {
  measure: Measure
  candidate: CandidateName
  against: CandidateName
  /** Ratio of the speeds, round by round. */
  ratio: Ratio
}

/** Tokens per second. A whole step counts prompt and response tokens. */
export const speedOf = ({ tokens, seconds }: Answer): number | undefined =>
  tokens === undefined || seconds === undefined ? undefined : tokens / seconds

export function medianSpeed({ rounds }: Measured): number {
  return median(rounds.flatMap(round => speedOf(round) ?? []))
}

export function medianSeconds({ rounds }: Measured): number {
  return median(rounds.flatMap(({ seconds }) => seconds ?? []))
}

export function comparisonsOf({ measured }: SizeResult): Comparison[] {
  const find = (candidate: CandidateName, measure: Measure) =>
    measured.find(one => one.candidate === candidate && one.measure === measure)
  const comparisons: Comparison[] = []
  for (const engine of engineNames) {
    const candidate: CandidateName = `rlev ${engine}`
    for (const own of measured.filter(one => one.candidate === candidate)) {
      const others: CandidateName[] = engine === 'eager' ? ['PyTorch', 'TRL'] : ['rlev eager', 'PyTorch', 'TRL']
      for (const against of others) {
        const other = find(against, own.measure)
        const ratio = ratioOf(own.rounds.map(speedOf), other?.rounds.map(speedOf) ?? [])
        if (ratio !== null) comparisons.push({ measure: own.measure, candidate, against, ratio })
      }
    }
  }
  return comparisons
}

/** GFLOP/s of each side of a square matrix, the median over the rounds. */
export function peakOf({ rounds }: Measured): Map<string, number> {
  const sides = Object.keys(rounds[0]?.peak ?? {})
  return new Map(sides.map(side => [side, median(rounds.flatMap(({ peak }) => peak?.[side] ?? []))]))
}

export interface Share {
  candidate: CandidateName
  /** (GFLOP/s) */
  reached: number
  /** The largest of the matrix products of the same library. (GFLOP/s) */
  peak: number
}

/** Share of the float32 matrix peak that an update reaches. */
export function sharesOf({ size, measured }: SizeResult): Share[] {
  const peaks = measured.filter(({ measure }) => measure === 'peak')
  return measured.flatMap(own => {
    if (own.measure !== 'update') return []
    const peer = own.candidate === 'PyTorch'
    const peak = peaks.find(({ candidate }) => (candidate === 'PyTorch') === peer)
    if (peak === undefined) return []
    const reached = updateOperations(size) / medianSeconds(own) / 1e9
    return [{ candidate: own.candidate, reached, peak: Math.max(...peakOf(peak).values()) }]
  })
}
