/** The plan of this bench: arms that differ in one number, two steps each. */
import { experimentSchema, type SweepPlan } from '../../../pipelines/config/schema.js'

export function planOf({ arms, seeds, concurrency }: { arms: number; seeds: number; concurrency: number }): SweepPlan {
  const name = 'large'
  const steps = 2
  const base = experimentSchema.parse({ name, steps, evaluation: { every: steps }, checkpoint: { everySteps: steps } })
  return {
    kind: 'sweep',
    name,
    settings: {
      ...{ baseline: 'arm-0', placebo: [], concurrency, endpoint: 'expected-h-acc-curve' },
      seeds: Array.from({ length: seeds }, (_, index) => index + 1),
    },
    arms: Array.from({ length: arms }, (_, index) => ({
      name: `arm-${index}`,
      config: { ...base, update: { ...base.update, learningRate: 1e-4 * (index + 1) } },
    })),
    warnings: [],
  }
}
