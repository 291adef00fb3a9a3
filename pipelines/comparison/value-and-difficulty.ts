/**
 * Value against difficulty, a control that the paper lacks: in most exams valued items are the hard ones, so an arm that gains on valued
 * items may gain because they are hard. Here the base policy's pass rate is held fixed: its strata are made before training, and arm and
 * baseline share them.
 *
 * Per pair of runs, with v the value, w the weight, d the base's pass rate and g the gain of an item (mean over the curve, arm minus baseline):
 *   gain in H-Acc = gain in Acc + by value within a stratum of d + by difficulty
 *                 = sum_s N_s a_s + sum_s V_s (h_s - a_s) + sum_s (V_s - N_s) a_s
 * a_s, h_s: mean of g in stratum s weighted by w, by w v; N_s, V_s: the stratum's share of the weight, of the weighted value.
 * With parts of credit or deducted points, g is a gain in credit, and the gain in Acc one in mean credit; d stays the share correct.
 */

import { hasCredits, type ItemPair, type ItemResults, meanCredit, sameItems } from '../evaluation/item-results.js'
import { type Estimate, estimate } from '../statistics/estimate.js'
import { partialCorrelation } from '../statistics/partial-correlation.js'
import { weightedMean } from '../statistics/weighted-mean.js'

/** By the pass rate of the base. */
export const strata = ['0', 'to 1/3', 'to 2/3', 'below 1', '1'] as const

function stratumOf(passRate: number): number {
  if (passRate === 0) return 0
  if (passRate === 1) return 4
  return passRate <= 1 / 3 ? 1 : passRate <= 2 / 3 ? 2 : 3
}

export interface StratumGain {
  passRate: (typeof strata)[number]
  /** Share of the weight, of the weighted value: means over pairs. */
  share: number
  valueShare: number
  /** Mean gain of its items, weighted as in Acc and as in H-Acc. Over the pairs that have items in it. */
  acc: Estimate
  hAcc: Estimate
}

export interface ValueAndDifficulty {
  /** Gains are shares in [-1, 1]: `hAcc` is the sum of `acc`, `byValue` and `byDifficulty`. */
  hAcc: Estimate
  acc: Estimate
  byValue: Estimate
  byDifficulty: Estimate
  /** Weighted correlation of value and gain over the items, and the same with the pass rate partialled out; null if not defined. */
  correlation: Estimate | null
  partial: Estimate | null
  strata: readonly StratumGain[]
  /** Gains are in credit, because some response has a credit other than 1 or 0; `acc` is then the gain in mean credit. */
  byCredit?: true
}

interface Row {
  value: number
  weight: number
  passRate: number
  gain: number
}

/** Null without a pair whose items are known and the same. */
export function valueAndDifficulty(pairs: readonly ItemPair[]): ValueAndDifficulty | null {
  const credits = pairs.some(({ own, other }) => [own, other].some(one => one !== undefined && hasCredits(one)))
  const known = pairs.flatMap(({ own, other }) => {
    if (own === undefined || other === undefined || !sameItems(own, other)) return []
    const rows = rowsOf(own, other)
    return rows.length === 0 ? [] : [rows]
  })
  if (known.length === 0) return null
  const parts = known.map(partsOf)
  const over = (read: (part: ReturnType<typeof partsOf>) => number) => estimate(parts.map(read))
  const where = (values: readonly (number | null)[]) => {
    const found = values.filter(value => value !== null)
    return found.length === 0 ? null : estimate(found)
  }
  const given = (rows: readonly Row[]) =>
    [rows.map(row => row.value), rows.map(row => row.gain), rows.map(row => row.weight)] as const
  return {
    hAcc: over(part => part.hAcc),
    acc: over(part => part.acc),
    byValue: over(part => part.byValue),
    byDifficulty: over(part => part.byDifficulty),
    correlation: where(known.map(rows => partialCorrelation(...given(rows), null))),
    partial: where(
      known.map(rows =>
        partialCorrelation(
          ...given(rows),
          rows.map(row => row.passRate),
        ),
      ),
    ),
    strata: strata.flatMap((passRate, stratum): StratumGain[] => {
      const own = parts.flatMap(part => part.strata[stratum] ?? []).filter(({ share }) => share > 0)
      if (own.length === 0) return []
      const mean = (read: (one: (typeof own)[number]) => number) =>
        own.reduce((sum, one) => sum + read(one), 0) / parts.length
      return [
        {
          passRate,
          share: mean(one => one.share),
          valueShare: mean(one => one.valueShare),
          acc: estimate(own.map(one => one.acc)),
          hAcc: estimate(own.map(one => one.hAcc)),
        },
      ]
    }),
    ...(credits ? { byCredit: true } : {}),
  }
}

/** Items that the base and both curves could score. */
function rowsOf(own: ItemResults, other: ItemResults): Row[] {
  const base = own.evaluations[0]
  return own.items.flatMap(({ value, weight }, item) => {
    const passRate = base?.expected[item] ?? null
    const [mine, theirs] = [
      meanCredit(own.evaluations.slice(1), 'expected', item),
      meanCredit(other.evaluations.slice(1), 'expected', item),
    ]
    return passRate === null || mine === null || theirs === null
      ? []
      : [{ value, weight, passRate, gain: mine - theirs }]
  })
}

function partsOf(rows: readonly Row[]) {
  const total = (of: readonly Row[], read: (row: Row) => number) => of.reduce((sum, row) => sum + read(row), 0)
  const meanGain = (of: readonly Row[], read: (row: Row) => number) =>
    weightedMean(
      of.map(row => row.gain),
      of.map(read),
    )
  const plain = (row: Row) => row.weight
  const valued = (row: Row) => row.weight * row.value
  const [weight, value] = [total(rows, plain), total(rows, valued)]
  const found = strata.map((_, stratum) => {
    const own = rows.filter(({ passRate }) => stratumOf(passRate) === stratum)
    return {
      share: total(own, plain) / weight,
      valueShare: total(own, valued) / value,
      acc: meanGain(own, plain),
      hAcc: meanGain(own, valued),
    }
  })
  const sum = (read: (stratum: (typeof found)[number]) => number) => found.reduce((all, one) => all + read(one), 0)
  return {
    hAcc: meanGain(rows, valued),
    acc: meanGain(rows, plain),
    byValue: sum(one => one.valueShare * (one.hAcc - one.acc)),
    byDifficulty: sum(one => (one.valueShare - one.share) * one.acc),
    strata: found,
  }
}
