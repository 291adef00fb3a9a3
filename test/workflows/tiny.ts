/** A configuration that trains in seconds: the shape of the real one at the smallest size that still learns anything. */
import { type ExperimentConfig, experimentSchema, type SweepPlan } from '../../pipelines/config/schema.js'

type Overrides = {
  [Section in keyof ExperimentConfig]?: ExperimentConfig[Section] extends object
    ? Partial<ExperimentConfig[Section]>
    : ExperimentConfig[Section]
}

export function tinyConfig(name: string, overrides: Overrides = {}): ExperimentConfig {
  return experimentSchema.parse({ name, ...tinyKeys(overrides) })
}

/**
 * Two steps as one activity, with an evaluation before and after: the shortest way through every stage. With a long heartbeat
 * timeout, so that an activity that a test holds does not time out on a busy machine.
 */
export const shortest: Overrides = {
  steps: 2,
  evaluation: { every: 2 },
  checkpoint: { everySteps: 2 },
  durability: { stepsPerActivity: 2, heartbeatTimeout: 60 },
}

/** All of training is one activity, of some seconds. */
export const longTraining = (name: string, { steps, heartbeatTimeout }: { steps: number; heartbeatTimeout: number }) =>
  tinyConfig(name, {
    steps,
    evaluation: { every: steps },
    checkpoint: { everySteps: steps },
    durability: { stepsPerActivity: steps, heartbeatTimeout },
  })

/** As a config file has them: all but the name. */
export function tinyKeys(overrides: Overrides): Record<string, unknown> {
  const base = {
    steps: 6,
    data: { source: 'synthetic', exam: 'v7', trainPapers: 4, testItemsPerSection: 8 },
    policy: { from: 'scratch', width: 16, layers: 1, heads: 2, keyValueHeads: 2, mlpWidth: 32 },
    // Just enough for a right answer now and then: without one no update would change anything.
    warmStart: {
      steps: 30,
      batch: 64,
      learningRate: 3e-2,
      warmup: 2,
      finalSteps: 2,
      sectionShares: [8, 1, 1, 1],
      workingShares: [0, 0, 0, 0],
      finalWorkingShare: 0,
    },
    rollout: { prompts: 4, samples: 8, chunk: 32, maxTokens: 8 },
    update: { learningRate: 1e-3, microBatch: 8 },
    evaluation: { every: 3, samples: 1, chunk: 32 },
    checkpoint: { everySteps: 4 },
    durability: { stepsPerActivity: 3, heartbeatTimeout: 3 },
  }
  const merged: Record<string, unknown> = { ...base }
  for (const [section, value] of Object.entries(overrides)) {
    const before = merged[section]
    merged[section] = typeof before === 'object' && typeof value === 'object' ? { ...before, ...value } : value
  }
  const durability = merged['durability'] as Partial<ExperimentConfig['durability']>
  // Tests and drills of one step an activity are about its stages.
  return { ...merged, durability: { separateStages: durability.stepsPerActivity === 1, ...durability } }
}

export function tinySweep(
  name: string,
  arms: Record<string, Overrides>,
  settings: Partial<SweepPlan['settings']> = {},
): SweepPlan {
  return {
    kind: 'sweep',
    name,
    settings: {
      baseline: Object.keys(arms)[0] ?? '',
      placebo: [],
      seeds: [1],
      concurrency: 2,
      endpoint: 'expected-h-acc-curve',
      ...settings,
    },
    arms: Object.entries(arms).map(([arm, overrides]) => ({ name: arm, config: tinyConfig(name, overrides) })),
    warnings: [],
  }
}
