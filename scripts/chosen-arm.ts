/** The config that a script works on: an experiment's own, or that of an arm of a sweep with one of its seeds. */

import { loadPlan } from '../pipelines/config/load.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { RlevError } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'

/** `arm`: the first where left out. `seed`: the first of the sweep. Throws CallInvalid for an arm that the file has not. */
export function chosenArm({ path, arm, seed }: { path: string; arm?: string; seed?: number }): ExperimentConfig {
  const plan = loadPlan({ path, ...given({ seed }) })
  if (plan.kind === 'experiment') return plan.config
  const chosen = plan.arms.find(({ name }) => arm === undefined || name === arm)
  if (chosen !== undefined) return { ...chosen.config, seed: seed ?? plan.settings.seeds[0] ?? chosen.config.seed }
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'there is no such arm',
    place: path,
    expected: plan.arms.map(({ name }) => name).join(', '),
    found: arm ?? 'none',
    remedy: 'name one of them, or leave --arm out for the first',
  })
}
