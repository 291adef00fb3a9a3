/**
 * What the experiments of an arm cost: tokens, and the seconds of their stages as they were measured when the steps were made. The first
 * experiment of a worker also pays for building the graphs, which those after it use again; its speed is therefore that of later steps.
 */
import { mean } from '../statistics/estimate.js'
import { quantile } from '../statistics/quantile.js'
import type { ExperimentOutcome } from './outcome.js'

/** Means over the arm's experiments. */
export interface Costs {
  experiments: number
  steps: number
  /** Sampled in training. */
  tokens: number
  rolloutSeconds: number
  updateSeconds: number
  /** Median over the steps but the first, in which graphs are built; null if no later step was timed. */
  tokensPerSecond: number | null
  /** From the first training step to the last evaluation, with whatever it waited for; null where a time is missing. */
  wallSeconds: number | null
}

/** Null without an experiment that trained. */
export function costsOf(outcomes: readonly ExperimentOutcome[]): Costs | null {
  const trained = outcomes.filter(({ metrics }) => metrics.length > 0)
  if (trained.length === 0) return null
  const over = (read: (outcome: ExperimentOutcome) => number) => mean(trained.map(read))
  const sum = (outcome: ExperimentOutcome, key: string) =>
    outcome.metrics.reduce((total, { values }) => total + (values[key] ?? 0), 0)
  const speeds = trained.flatMap(tokensPerSecond)
  const walls = trained.flatMap(wallSeconds)
  return {
    experiments: trained.length,
    steps: over(({ metrics }) => metrics.length),
    tokens: over(outcome => outcome.metrics.reduce((total, step) => total + (tokensOf(step, outcome) ?? 0), 0)),
    rolloutSeconds: over(outcome => sum(outcome, 'perf/rollout_seconds')),
    updateSeconds: over(outcome => sum(outcome, 'perf/update_seconds')),
    tokensPerSecond: speeds.length === 0 ? null : mean(speeds),
    wallSeconds: walls.length === trained.length ? mean(walls) : null,
  }
}

/** Sampled in a step, with those of prompts that dynamic sampling dropped. */
function tokensOf(
  { values }: ExperimentOutcome['metrics'][number],
  { config: { rollout } }: ExperimentOutcome,
): number | undefined {
  const { 'length/mean': length, 'dynamic/tokens': drawn } = values
  return drawn ?? (length === undefined ? undefined : length * rollout.prompts * rollout.samples)
}

/** Nothing, or one figure. Steps whose rollout was taken from the journal have no time of it. */
function tokensPerSecond(outcome: ExperimentOutcome): number[] {
  const speeds = outcome.metrics.slice(1).flatMap(step => {
    const tokens = tokensOf(step, outcome)
    const { 'perf/rollout_seconds': rollout, 'perf/update_seconds': update } = step.values
    if (tokens === undefined || rollout === undefined || update === undefined || rollout + update <= 0) return []
    return tokens / (rollout + update)
  })
  return speeds.length === 0
    ? []
    : [
        quantile(
          speeds.toSorted((a, b) => a - b),
          0.5,
        ),
      ]
}

function wallSeconds({ metrics, evaluationTimes }: ExperimentOutcome): number[] {
  const [from, to] = [metrics[0]?.time, evaluationTimes?.at(-1)]
  return from === undefined || to === undefined ? [] : [(to - from) / 1000]
}
