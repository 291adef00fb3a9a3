/** Cells with numbers: the text is written as everywhere, and the numbers, for CSV, have the unit of the text. */
import type { Columns } from '../../evaluation/evaluation.js'
import { type Estimate, type Interval, minRunsForInterval, shownHalf } from '../../statistics/estimate.js'
import { percent } from '../../text/percent.js'
import {
  columnDifference,
  columnEstimate,
  digitsOf,
  intervalInWords,
  NONE,
  percentEstimate,
  pointsDifference,
  pointsInterval,
  pValue,
  signed,
  tokensDifference,
} from './format.js'
import type { Cell } from './table.js'

const half = 'half width'

/** A share in percent with its half width. */
export function percentCell(estimate: Estimate | null | undefined): Cell {
  return estimate == null ? NONE : estimateCell(percentEstimate(estimate), estimate, 100)
}

/** A difference of shares, in points, with its half width. */
export function pointsCell(estimate: Estimate | null | undefined): Cell {
  return estimate == null ? NONE : estimateCell(pointsDifference(estimate), estimate, 100)
}

/** A difference that is no share, such as one of lengths or of correlations, with its half width. */
export function differenceCell(estimate: Estimate | null | undefined): Cell {
  return estimate == null ? NONE : estimateCell(tokensDifference(estimate), estimate, 1)
}

/** One of the paper's columns. */
export function columnCell(key: keyof Columns, estimate: Estimate | null | undefined): Cell {
  return estimate == null ? NONE : estimateCell(columnEstimate(key, estimate), estimate, factorOf(key))
}

export function columnDifferenceCell(key: keyof Columns, estimate: Estimate | undefined): Cell {
  return estimate === undefined ? NONE : estimateCell(columnDifference(key, estimate), estimate, factorOf(key))
}

/** An interval of a difference of shares over `runs` runs, in points. */
export function pointsIntervalCell(interval: Interval | null | undefined, runs: number): Cell {
  if (interval == null || runs < minRunsForInterval) return NONE
  return { text: pointsInterval(interval), numbers: { low: 100 * interval.low, high: 100 * interval.high } }
}

/** +1.20 (-0.31 to +2.05). */
export function withIntervalCell(centre: number, interval: Interval): Cell {
  return {
    text: intervalInWords(centre, interval),
    numbers: { '': centre, low: interval.low, high: interval.high },
  }
}

export function pCell(p: number | null | undefined): Cell {
  return p == null ? NONE : numberCell(pValue(p), p)
}

/** A share in percent, without an interval. */
export function shareCell(share: number | null | undefined): Cell {
  return share == null ? NONE : numberCell(percent(share), 100 * share)
}

export function signedCell(value: number | null | undefined, digits: number): Cell {
  return value == null ? NONE : numberCell(signed(value, digits), value)
}

/** `text` shows `value`. */
export function numberCell(text: string, value: number): Cell {
  return { text, numbers: { '': value } }
}

export function estimateCell(text: string, estimate: Estimate, factor: number): Cell {
  const width = shownHalf(estimate)
  return { text, numbers: { '': factor * estimate.mean, [half]: width === null ? null : factor * width } }
}

/** Shares are written in percent. */
function factorOf(key: keyof Columns): number {
  return digitsOf(key) === null ? 100 : 1
}
