/** What the workflow of a sweep knows of its plan: names and numbers. The configs stay in the home, where each experiment reads its own. */
import { evaluationSteps } from './due-steps.js'
import type { ExperimentConfig, SweepPlan } from './schema.js'
import type { SweepCell } from './start-order.js'

export interface SweepOutline {
  settings: Pick<SweepPlan['settings'], 'baseline' | 'versus' | 'concurrency' | 'onFailure'>
  arms: readonly string[]
  /** How many experiments it has. */
  cells: number
  /** Of the first arm: the activities of the sweep take their limits from it. */
  durability: Pick<ExperimentConfig['durability'], 'heartbeatTimeout'>
}

/** One experiment of a sweep. */
export interface CellOutline {
  arm: string
  seed: number
  estimator: string
  steps: number
  /** How many it makes, that of step 0 included. */
  evaluations: number
}

export function outlineOf({ settings, arms }: SweepPlan): SweepOutline {
  const { baseline, versus, concurrency, onFailure } = settings
  const heartbeatTimeout = arms[0]?.config.durability.heartbeatTimeout
  if (heartbeatTimeout === undefined) throw new Error('a plan of a sweep has arms')
  return {
    settings: {
      baseline,
      concurrency,
      ...(versus === undefined ? {} : { versus }),
      ...(onFailure === undefined ? {} : { onFailure }),
    },
    arms: arms.map(({ name }) => name),
    cells: arms.length * settings.seeds.length,
    durability: { heartbeatTimeout },
  }
}

export function cellOutline({ arm, seed, config }: SweepCell): CellOutline {
  return {
    arm,
    seed,
    estimator: config.estimator.name,
    steps: config.steps,
    evaluations: evaluationSteps(config).length,
  }
}
