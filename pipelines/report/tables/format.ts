/** How numbers are written everywhere: percent with one decimal, ± the interval's half width from three seeds on, and a dash for a missing one. */

import type { ArmComparison } from '../../comparison/comparison.js'
import type { Columns } from '../../evaluation/evaluation.js'
import { type ClaimRule, ruleInWords } from '../../statistics/claim-rule.js'
import { type Estimate, type Interval, shownHalf } from '../../statistics/estimate.js'
import { percent } from '../../text/percent.js'

export const NONE = '–'

export const columnTitles: Record<keyof Columns, string> = {
  acc: 'Acc',
  cut: 'cut',
  hAcc: 'H-Acc',
  length: 'length',
  valueDensity: 'density',
  accHigh: 'Acc high',
  accLow: 'Acc low',
}

/** 71.2 ± 1.3, in percent. */
export function percentEstimate(estimate: Estimate): string {
  const { mean } = estimate
  const half = shownHalf(estimate)
  return half === null ? percent(mean) : `${percent(mean)} ± ${percent(half)}`
}

/** +5.9 ± 1.4: a difference of shares, in percentage points. */
export function pointsDifference(estimate: Estimate): string {
  const { mean } = estimate
  const half = shownHalf(estimate)
  return half === null ? signed(100 * mean, 1) : `${signed(100 * mean, 1)} ± ${percent(half)}`
}

/** +4.5 to +7.3, in percentage points. */
export function pointsInterval({ low, high }: Interval): string {
  return `${signed(100 * low, 1)} to ${signed(100 * high, 1)}`
}

/** A cell of one of the paper's columns: shares in percent, length in tokens with one decimal, density with two. */
export function columnEstimate(key: keyof Columns, estimate: Estimate): string {
  const digits = digitsOf(key)
  if (digits === null) return percentEstimate(estimate)
  const { mean } = estimate
  const half = shownHalf(estimate)
  return half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`
}

/** The difference of such a cell, with its sign. */
export function columnDifference(key: keyof Columns, estimate: Estimate): string {
  const digits = digitsOf(key)
  if (digits === null) return pointsDifference(estimate)
  return tokensDifference(estimate, digits)
}

export function tokensDifference(estimate: Estimate, digits = 2): string {
  const { mean } = estimate
  const half = shownHalf(estimate)
  return half === null ? signed(mean, digits) : `${signed(mean, digits)} ± ${half.toFixed(digits)}`
}

/** Decimals of a column that is no share; null for a share. */
export function digitsOf(key: keyof Columns): number | null {
  switch (key) {
    case 'length':
      return 1
    case 'valueDensity':
      return 2
    case 'acc':
    case 'cut':
    case 'hAcc':
    case 'accHigh':
    case 'accLow':
      return null
    default:
      return key satisfies never
  }
}

/** +1.20 (-0.31 to +2.05). */
export function intervalInWords(centre: number, { low, high }: Interval, digits = 2): string {
  return `${signed(centre, digits)} (${signed(low, digits)} to ${signed(high, digits)})`
}

/** Three decimals, or < 0.001. */
export function pValue(p: number | null): string {
  if (p === null) return NONE
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

/** +5.90, with its sign. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  if (Number(text) === 0) return text
  return value < 0 ? `-${text}` : `+${text}`
}

/** The rule of claims as a sentence; `interval`: what its interval is of. */
export function gainRule(rule: ClaimRule, interval: string): string {
  return ruleInWords(rule, { interval, p: 'p (Holm)', shown: size => `${percent(size)} points` })
}

export function nameOf({ arm, role }: Pick<ArmComparison, 'arm' | 'role'>): string {
  return role === 'arm' ? arm : `${arm} (${role})`
}

/** Of an arm's row. */
export function kindOf({ role }: Pick<ArmComparison, 'role'>): 'placebo' | undefined {
  return role === 'placebo' ? 'placebo' : undefined
}
