/**
 * Value transmission: how much of the scale between valued and less valued prompts reaches the step, (R - 1) / (S - 1): 0 is
 * cancelled, 1 passed on. The paper does not measure it; GRPO's division by the group's deviation makes it 0.
 */
import { weightsInFifth } from '../statistics/fifths.js'
import { weightedMean } from '../statistics/weighted-mean.js'

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

/** Means over the prompts in a fifth by value. The signals of several steps can be added. */
export interface FifthSignal {
  /** Mean |advantage| with the value. */
  withValue: number
  /** Mean |advantage| with every scale 1. */
  without: number
  /** Mean of scale times |advantage| with every scale 1: what an estimator that multiplies by the scale would give. */
  scaled: number
}

/** The transmission of one step. */
export interface StepSignal {
  top: FifthSignal
  bottom: FifthSignal
}

export function signalOf(rows: readonly TransmissionRow[]): StepSignal {
  const of = (fifth: 1 | 5): FifthSignal => {
    const weights = weightsInFifth(
      rows.map(({ value }) => ({ value, weight: 1 })),
      fifth,
    )
    const mean = (read: (row: TransmissionRow) => number) => weightedMean(rows.map(read), weights)
    return {
      withValue: mean(row => row.withValue),
      without: mean(row => row.without),
      scaled: mean(row => row.scale * row.without),
    }
  }
  return { top: of(5), bottom: of(1) }
}

/**
 * Over the steps, as a ratio of sums, so a step counts by its signal and one with an empty fifth is not lost. Null if it is not
 * defined: no difference in scale (S = 1), or a fifth without any signal. The mean scale of a fifth is weighted by its prompts'
 * |advantage| without the value, because a prompt whose answers were all right or all wrong has no step to scale; so an estimator
 * that multiplies by s measures exactly 1 on any sample of prompts, however small.
 */
export function transmission(steps: readonly StepSignal[]): Transmission | null {
  return ofTotal(totalOf(steps))
}

function ofTotal({ top, bottom }: StepSignal): Transmission | null {
  if (!(top.without > 0 && bottom.without > 0)) return null
  const scaleRatio = top.scaled / top.without / (bottom.scaled / bottom.without)
  const advantageRatio = top.withValue / top.without / (bottom.withValue / bottom.without)
  if (!Number.isFinite(advantageRatio) || Math.abs(scaleRatio - 1) < 1e-9) return null
  return { scaleRatio, advantageRatio, transmission: (advantageRatio - 1) / (scaleRatio - 1) }
}

function totalOf(steps: readonly StepSignal[]): StepSignal {
  return steps.reduce((total, step) => combined(total, step, 1), none)
}

/** A signal that counts as so many steps in a sum over steps. */
export function weighted(signal: StepSignal, steps: number): StepSignal {
  return combined(none, signal, steps)
}

const nothing: FifthSignal = { withValue: 0, without: 0, scaled: 0 }
const none: StepSignal = { top: nothing, bottom: nothing }

function combined(total: StepSignal, step: StepSignal, times: number): StepSignal {
  const of = (end: 'top' | 'bottom'): FifthSignal => ({
    withValue: total[end].withValue + times * step[end].withValue,
    without: total[end].without + times * step[end].without,
    scaled: total[end].scaled + times * step[end].scaled,
  })
  return { top: of('top'), bottom: of('bottom') }
}

/** Below this the value counts as cancelled: it rounds to 0 in two decimals. */
const CANCELLED = 0.005

export function isCancelled(transmitted: number): boolean {
  return Math.abs(transmitted) < CANCELLED
}

/** Standard error of the transmission over steps, by the jackknife (leaving out one step at a time); null with fewer than two. */
export function transmissionError(steps: readonly StepSignal[]): number | null {
  const total = totalOf(steps)
  const without = steps.map(step => ofTotal(combined(total, step, -1))?.transmission)
  const known = without.filter(value => value !== undefined)
  if (steps.length < 2 || known.length < steps.length) return null
  const centre = known.reduce((sum, value) => sum + value, 0) / known.length
  const squares = known.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  return Math.sqrt(((known.length - 1) / known.length) * squares)
}
