/** What figures are measured on: the default policy after a short warm start, evaluated at its end only. */
import { type ExperimentConfig, experimentSchema, type Plan } from '../../../pipelines/config/schema.js'

export function figurePlan({
  name,
  seed,
  steps,
  prompts,
  ...sections
}: {
  name: string
  seed: number
  steps: number
  /** Of a step: what makes it as long as it is to be. */
  prompts: number
  checkpoint?: Partial<ExperimentConfig['checkpoint']>
  durability: Partial<ExperimentConfig['durability']>
}): Plan {
  const config = experimentSchema.parse({
    name,
    seed,
    steps,
    data: { source: 'synthetic', exam: 'v7', trainPapers: 20, testItemsPerSection: 8 },
    warmStart: { steps: 100, warmup: 10, finalSteps: 5 },
    rollout: { prompts },
    evaluation: { every: steps, samples: 1 },
    tracking: { experiment: name },
    ...sections,
  })
  return { kind: 'experiment', name, config, warnings: [] }
}
