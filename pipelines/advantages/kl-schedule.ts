/**
 * The coefficient of the divergence in a step, counted from 1.
 *
 *   linear:    beta_t = beta + (end - beta) min(1, (t - 1) / H)
 *   adaptive:  beta_1 = beta,  beta_(t+1) = beta_t (1 + clip(kl_t / target - 1, -0.2, 0.2) / horizon)
 *
 * beta kl.coefficient; H schedule.steps, or the steps of the run; kl_t the divergence that the responses of step t
 * measured, by kl.estimator, in nats a token. The adaptive rule is that of Ziegler et al. (arXiv 1909.08593), which
 * counts the horizon in responses instead of steps. It needs the step before only, whose metrics hold both numbers.
 */
import type { ExperimentConfig } from '../config/schema.js'

type Scheduled = Pick<ExperimentConfig, 'steps' | 'kl'>

/** What the step before came to. */
export interface KlBefore {
  coefficient: number
  /** In nats a token. */
  divergence: number
}

/** Largest relative change of the coefficient in a step, times the horizon. */
const largestChange = 0.2

/** `before` is only used if the schedule is adaptive; null before step 1. */
export function klCoefficientOf(step: number, { steps, kl }: Scheduled, before: KlBefore | null): number {
  const { coefficient, schedule } = kl
  if (schedule === undefined || schedule === null) return coefficient
  switch (schedule.kind) {
    case 'linear':
      return coefficient + (schedule.end - coefficient) * Math.min(1, (step - 1) / (schedule.steps ?? steps))
    case 'adaptive':
      return before === null ? coefficient : adapted(before, schedule)
    default:
      return schedule.kind satisfies never
  }
}

function adapted(
  { coefficient, divergence }: KlBefore,
  { target, horizon }: { target: number; horizon: number },
): number {
  const error = Math.min(largestChange, Math.max(-largestChange, divergence / target - 1))
  return coefficient * (1 + error / horizon)
}

export const isAdaptive = ({ kl }: Pick<ExperimentConfig, 'kl'>): boolean => kl.schedule?.kind === 'adaptive'

/** Whether a schedule gives the divergence other coefficients than kl.coefficient. */
export const isScheduled = ({ kl }: Pick<ExperimentConfig, 'kl'>): boolean =>
  kl.schedule !== undefined && kl.schedule !== null && (kl.place === 'reward' || kl.place === 'loss')

/** Mean over the steps of a run. That of an adaptive schedule is not known before the run: the first one counts. */
export function plannedKlCoefficient(config: Scheduled): number {
  const { steps, kl } = config
  if (!isScheduled(config) || isAdaptive(config) || steps === 0) return kl.coefficient
  const horizon = kl.schedule?.steps ?? steps
  const rising = Math.min(steps, horizon)
  // Mean of min(1, (t - 1) / H) over t = 1 .. steps.
  const share = ((rising * (rising - 1)) / (2 * horizon) + steps - rising) / steps
  return kl.coefficient + ((kl.schedule?.end ?? 0) - kl.coefficient) * share
}
