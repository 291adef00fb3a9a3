/** What the drills run: the smallest experiment of the tests, and three arms of it. Each has an MLflow experiment of its own name. */
import { stringify } from 'yaml'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { tinyConfig, tinyKeys, tinySweep } from '../../test/workflows/tiny.js'

/** Seconds; the smallest that a config may state. */
export const heartbeatTimeout = 2

/** Evaluations and checkpoints lie apart, and the checkpoints of a run are more than are kept. */
const shape = (steps: number, stepsPerActivity: number, trimJournal = false) => ({
  steps,
  evaluation: { every: 3 },
  checkpoint: { everySteps: 2, keep: 1, trimJournal },
  durability: { stepsPerActivity, heartbeatTimeout },
})

export function drillPlan({
  name,
  seed,
  steps = 6,
  stepsPerActivity,
  trimJournal,
  predicted = false,
  dynamic = false,
  divided = false,
  eager = false,
}: {
  name: string
  seed: number
  steps?: number
  /** 1: rollout, reward and update are separate activities. Results do not depend on it. */
  stepsPerActivity: number
  /** Nor on this. */
  trimJournal?: boolean
  /** Whether the values are those of a score predictor: another experiment. */
  predicted?: boolean
  /** Whether prompts without a signal are replaced: another experiment. */
  dynamic?: boolean
  /** Whether an adapter is trained, and rollouts are in pieces: another experiment. */
  divided?: boolean
  /** Without recorded graphs: a worker that was killed need not record them again. Results differ by rounding. */
  eager?: boolean
}): Extract<Plan, { kind: 'experiment' }> {
  const config: ExperimentConfig = tinyConfig(name, {
    seed,
    ...shape(steps, stepsPerActivity, trimJournal),
    ...(predicted ? { value: { ablation: 'predicted' } } : {}),
    ...(dynamic ? { rollout: { dynamicSampling: { rounds: 2 } } } : {}),
    ...(divided
      ? { rollout: { piece: 2 }, update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'] } } }
      : {}),
    ...(eager ? { engine: { mode: 'eager' } } : {}),
    tracking: { experiment: name },
  })
  return { kind: 'experiment', name, config, warnings: [] }
}

/** Three arms over one warm start, two at a time. */
export function drillSweep({
  name,
  seed,
  steps,
}: {
  name: string
  seed: number
  steps: number
}): Extract<Plan, { kind: 'sweep' }> {
  const common = commonOfSweep(name, steps)
  const { correctness, human, shuffled } = arms
  return tinySweep(
    name,
    {
      correctness: { ...common, ...correctness },
      human: { ...common, ...human },
      shuffled: { ...common, ...shuffled },
    },
    { seeds: [seed] },
  ) as Extract<Plan, { kind: 'sweep' }>
}

/** The same sweep as the text of a config file, for the command. */
export function drillSweepFile({ name, seed, steps }: { name: string; seed: number; steps: number }): string {
  return stringify({
    name,
    ...tinyKeys(commonOfSweep(name, steps)),
    sweep: { baseline: 'correctness', seeds: [seed], concurrency: 2, arms },
  })
}

const arms = {
  correctness: { reward: { scale: 'correctness' } },
  human: {},
  shuffled: { value: { ablation: 'shuffled' } },
} as const

const commonOfSweep = (name: string, steps: number) => ({
  ...shape(steps, 2),
  evaluation: { every: Math.max(3, Math.ceil(steps / 4)) },
  tracking: { experiment: name },
})
