/** How much of the value reached an arm's steps, measured in training over all of them, beside what was predicted. */
import { isCancelled, type StepSignal, transmission, transmissionError } from '../advantages/transmission.js'
import { signalOfMetrics } from '../training/training-metrics.js'
import type { ExperimentOutcome } from './outcome.js'

export interface TransmissionEstimate {
  /** (R - 1) / (S - 1) over the steps of all seeds, as a ratio of sums: 0 cancelled, 1 passed on. */
  transmission: number
  /** Its standard error over steps, by the jackknife; null with a single step. */
  error: number | null
}

export interface MeasuredTransmission extends TransmissionEstimate {
  steps: number
  /** Predicted by the preflight from its assumption, and from the policy's answers; null where it is not known. */
  predicted: { plan: TransmissionEstimate | null; answers: TransmissionEstimate | null }
  perSeed: readonly { seed: number; transmission: number }[]
  cancelled: boolean
}

/** Null if no reward is scaled, nothing was trained, or a fifth by value never had a signal. */
export function measuredTransmission(
  outcomes: readonly Pick<ExperimentOutcome, 'seed' | 'metrics' | 'predictedTransmission'>[],
): MeasuredTransmission | null {
  const runs = outcomes.map(({ seed, metrics }) => ({ seed, signals: signalsOf(metrics) }))
  const signals = runs.flatMap(run => run.signals)
  const found = estimateOf(signals)
  if (found === null) return null
  return {
    ...found,
    steps: signals.length,
    predicted: {
      // The plan simulates the same steps for every seed: counting them again would understate the error.
      plan: estimateOf(
        outcomes.find(({ predictedTransmission: one }) => one !== undefined)?.predictedTransmission?.plan ?? [],
      ),
      answers: estimateOf(outcomes.flatMap(({ predictedTransmission: one }) => one?.answers ?? [])),
    },
    perSeed: runs.flatMap(run => {
      const own = transmission(run.signals)
      return own === null ? [] : [{ seed: run.seed, transmission: own.transmission }]
    }),
    cancelled: isCancelled(found.transmission),
  }
}

function estimateOf(signals: readonly StepSignal[]): TransmissionEstimate | null {
  const found = transmission(signals)
  return found === null ? null : { transmission: found.transmission, error: transmissionError(signals) }
}

function signalsOf(metrics: ExperimentOutcome['metrics']): StepSignal[] {
  return metrics.flatMap(({ values }) => signalOfMetrics(values) ?? [])
}
