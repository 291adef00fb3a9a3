/** Plans for tests, from the schema's own defaults. */
import { type ExperimentConfig, experimentSchema, type Plan, type SweepPlan } from '../../pipelines/config/schema.js'

export function experimentConfig(name: string, parts: Record<string, unknown> = {}): ExperimentConfig {
  return experimentSchema.parse({ name, ...parts })
}

export function experimentPlan(name: string, parts: Record<string, unknown> = {}): Plan {
  return { kind: 'experiment', name, config: experimentConfig(name, parts), warnings: [] }
}

/** Arms correctness and human-aligned, seeds 1 to 3. */
export function sweepPlan(name: string, parts: Record<string, unknown> = {}): SweepPlan {
  const scales = ['correctness', 'human-aligned'] as const
  return {
    kind: 'sweep',
    name,
    settings: {
      baseline: 'correctness',
      placebo: [],
      seeds: [1, 2, 3],
      concurrency: 2,
      endpoint: 'expected-h-acc-curve',
    },
    arms: scales.map(scale => ({ name: scale, config: experimentConfig(name, { ...parts, reward: { scale } }) })),
    warnings: [],
  }
}
