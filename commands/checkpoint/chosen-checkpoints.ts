/** Which checkpoints of an experiment are exported: the last, the best by a metric of the evaluations, or that of a step. */
import type { Checkpoints } from '../../activities/store/checkpoints.js'
import { type BestMetric, bestStep, metricOf } from '../../activities/store/retention.js'
import { readEvaluations } from '../../activities/store/runs/runs.js'
import { RlevError } from '../../pipelines/errors.js'

export interface Chosen {
  /** Name of its folder. */
  as: string
  step: number
  /** What it was chosen by, and its value, a share. */
  metric?: BestMetric
  value?: number
}

export interface Choice {
  chosen: Chosen[]
  /** What one should know of it, a sentence each. */
  notes: string[]
}

interface Choosing {
  home: string
  id: string
  /** The experiment's folder and the key that its files carry. */
  folder: string
  experimentKey: string
  checkpoints: Checkpoints
  metric: BestMetric | undefined
  step: number | undefined
}

/** @throws RlevError CallInvalid if there is no such checkpoint. */
export function chosenCheckpoints({ home, id, folder, experimentKey, checkpoints, metric, step }: Choosing): Choice {
  const steps = checkpoints.steps()
  const last = steps.at(-1)
  if (last === undefined || (step !== undefined && !steps.includes(step))) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: step === undefined ? 'there is no checkpoint yet' : `there is no checkpoint of step ${step}`,
      place: id,
      expected: last === undefined ? 'a run with a checkpoint' : `--step ${steps.join(', ')}`,
      found: 'none',
      remedy: last === undefined ? 'wait for the first one' : 'checkpoint.keep and checkpoint.best say which ones stay',
    })
  }
  if (step !== undefined) return { chosen: [{ as: `step-${step}`, step }], notes: [] }
  const chosen: Chosen[] = [{ as: 'last', step: last }]
  if (metric === undefined) {
    return { chosen, notes: [`${id}: the last checkpoint alone; --metric or checkpoint.best names what is best.`] }
  }
  const values = new Map(
    readEvaluations(home, id).map(({ evaluation }) => [evaluation.step, metricOf(evaluation, metric)]),
  )
  const best = bestStep({ folder, steps, metric, experimentKey })
  const value = best === null ? undefined : values.get(best)
  if (best === null || value === undefined) {
    return { chosen, notes: [`${id}: no kept checkpoint is of a step that was evaluated, so none is the best.`] }
  }
  chosen.push({ as: 'best', step: best, metric, value })
  const [highest] = [...values].toSorted(([, a], [, b]) => b - a)
  const notes =
    highest === undefined || highest[1] <= value
      ? []
      : [
          `${id}: the evaluation of step ${highest[0]} is higher, ${percent(highest[1])} against ${percent(value)}, and ${highest[0] === 0 ? 'it is of the policy before training' : `its checkpoint was not kept; checkpoint.best: ${metric} keeps it`}.`,
        ]
  return { chosen, notes }
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`
