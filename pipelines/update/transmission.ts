/**
 * Value transmission: how much of the scale between valued and less valued prompts reaches the step, (R - 1) / (S - 1): 0 is
 * cancelled, 1 passed on. The paper does not measure it; GRPO's division by the group's deviation makes it 0.
 */
import { weightsInFifth } from '../evaluation/fifths.js'
import { weightedMean } from '../evaluation/metrics.js'

export interface TransmissionRow {
  /** The value that the arm's reward sees. */
  value: number
  scale: number
  /** |advantage| with the value, mean over the prompt's scored samples. */
  withValue: number
  /** The same with every scale 1. */
  without: number
}

export interface Transmission {
  /** S: scale of the top fifth by value over that of the bottom fifth. */
  scaleRatio: number
  /** R: the same ratio of mean |advantage| with the value / mean |advantage| without it. */
  advantageRatio: number
  /** (R - 1) / (S - 1). */
  transmission: number
}

/**
 * Null where it is not defined: no difference in scale (S = 1), or a fifth without any signal. The mean scale of a fifth is
 * weighted by its prompts' |advantage| without the value, because a prompt whose answers were all right or all wrong has no
 * step to scale; so an estimator that multiplies by s measures exactly 1 on any sample of prompts, however small.
 */
export function transmission(rows: readonly TransmissionRow[]): Transmission | null {
  const of = (fifth: 1 | 5) => {
    const weights = weightsInFifth(
      rows.map(({ value }) => ({ value, weight: 1 })),
      fifth,
    )
    const mean = (read: (row: TransmissionRow) => number) => weightedMean(rows.map(read), weights)
    const without = mean(row => row.without)
    return {
      without,
      scale: mean(row => row.scale * row.without) / without,
      ratio: mean(row => row.withValue) / without,
    }
  }
  const top = of(5)
  const bottom = of(1)
  if (!(top.without > 0 && bottom.without > 0)) return null
  const scaleRatio = top.scale / bottom.scale
  const advantageRatio = top.ratio / bottom.ratio
  if (!Number.isFinite(advantageRatio) || Math.abs(scaleRatio - 1) < 1e-9) return null
  return { scaleRatio, advantageRatio, transmission: (advantageRatio - 1) / (scaleRatio - 1) }
}
