/** A configuration that trains in seconds: the shape of the real one at the smallest size that still learns anything. */
import { type ExperimentConfig, experimentSchema, type SweepPlan } from '../../pipelines/config/schema.js'

type Overrides = {
  [Section in keyof ExperimentConfig]?: ExperimentConfig[Section] extends object
    ? Partial<ExperimentConfig[Section]>
    : ExperimentConfig[Section]
}

export function tinyConfig(name: string, overrides: Overrides = {}): ExperimentConfig {
  const base = {
    name,
    steps: 6,
    data: { source: 'synthetic', exam: 'v7', trainPapers: 4, testItemsPerSection: 8 },
    policy: { from: 'scratch', width: 16, layers: 1, heads: 2, keyValueHeads: 2, mlpWidth: 32 },
    warmStart: { steps: 12, batch: 16, warmup: 2, finalSteps: 2 },
    rollout: { prompts: 4, samples: 4, chunk: 16, maxTokens: 8 },
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
  return experimentSchema.parse(merged)
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
