/**
 * The comparisons: the recorded engine with the eager one, and each of ours with the peer that does the same
 * work.
 */
import { type CandidateName, precisionOf } from './candidates/candidates.js'
import type { Answer, Measure, Peaks } from './candidates/protocol.js'
import { engineNames } from './engine.js'
import { type Limit, limitOf, type Precision, type TimedMeasure } from './limit.js'
import type { Measured, SizeResult } from './measured.js'
import { median, type Ratio, ratioOf } from './statistics.js'

const peers: readonly CandidateName[] = ['PyTorch', 'TRL', 'PyTorch bfloat16', 'TRL bfloat16']

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
      const others: readonly CandidateName[] = engine === 'eager' ? peers : ['rlev eager', ...peers]
      for (const against of others) {
        const other = find(against, own.measure)
        const ratio = ratioOf(own.rounds.map(speedOf), other?.rounds.map(speedOf) ?? [])
        if (ratio !== null) comparisons.push({ measure: own.measure, candidate, against, ratio })
      }
    }
  }
  return comparisons
}

/** The fastest of each kind, the median over the rounds. */
export function peaksOf({ rounds }: Measured): Peaks {
  const all = rounds.flatMap(({ peak }) => peak ?? [])
  const products = (precision: Precision) =>
    Object.fromEntries(
      Object.keys(all[0]?.[precision] ?? {}).map(side => [
        side,
        median(all.flatMap(peaks => peaks[precision][side] ?? [])),
      ]),
    )
  return {
    float32: products('float32'),
    bfloat16: products('bfloat16'),
    memory: median(all.map(({ memory }) => memory)),
  }
}

/** What the fastest library of the run reaches; null if no peak was measured. */
export function machineOf({ measured }: SizeResult): Peaks | null {
  const all = measured.filter(({ measure }) => measure === 'peak').map(peaksOf)
  if (all.length === 0) return null
  const most = (precision: Precision) => ({
    fastest: Math.max(...all.flatMap(peaks => Object.values(peaks[precision]))),
  })
  return {
    float32: most('float32'),
    bfloat16: most('bfloat16'),
    memory: Math.max(...all.map(({ memory }) => memory)),
  }
}

export interface Share {
  measure: TimedMeasure
  candidate: CandidateName
  /** The least seconds by what the machine reaches, and what decides them. */
  limit: Limit
  /** Of the limit in the median of the measured seconds. */
  share: number
}

/** How near each measure comes to what the machine reaches, in the precision of the candidate. */
export function sharesOf(result: SizeResult): Share[] {
  const peaks = machineOf(result)
  if (peaks === null) return []
  const { size } = result
  return result.measured.flatMap(own => {
    const { measure, candidate } = own
    if (measure === 'peak') return []
    const limit = limitOf({ measure, size, precision: precisionOf(candidate), peaks })
    return [{ measure, candidate, limit, share: limit.seconds / medianSeconds(own) }]
  })
}
