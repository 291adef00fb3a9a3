/** Stage beside training: sends the points of a range of steps as they are stored; sending them again changes nothing. */
import { stage } from '../stage.js'
import { readEvaluations, readMetrics } from '../store/runs/runs.js'
import type { Workplace } from '../workplace.js'
import { evaluationMetrics, stepMetrics } from './layout.js'
import { trackingClient } from './subject.js'

/** Steps after `from` up to `to`; the base evaluation is at step 0, so the first range starts at -1. */
export interface StepRange {
  from: number
  to: number
}

export interface TrackProgressInput extends StepRange {
  runId: string
  /** The experiment's id. */
  run: string
  /** Identity of the policy worker that made the newest of them. */
  worker?: string
}

export function trackProgress(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ runId, run, from, to, worker }: TrackProgressInput): Promise<void> => {
      const tags = worker === undefined ? [] : [{ key: 'rlev.worker', value: worker }]
      await trackingClient(workplace).logBatch({ runId, metrics: pointsOf(workplace, run, { from, to }), tags })
    },
  })
}

export function pointsOf({ home }: Workplace, run: string, { from, to }: StepRange) {
  const evaluations = readEvaluations(home, run).filter(({ evaluation: { step } }) => step > from && step <= to)
  const metrics = readMetrics(home, run, { from: from + 1, to })
  return [...metrics.flatMap(stepMetrics), ...evaluations.flatMap(evaluationMetrics)]
}
