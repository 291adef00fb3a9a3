/** Rewards to advantages by the named estimator, in float64. Each estimator's file says what it divides by and what of the value survives. */
import type { EstimatorName } from '../config/schema.js'
import { RlevError } from '../errors.js'
import { batchDeviation } from './estimators/batch-deviation.js'
import { drGrpo } from './estimators/dr-grpo.js'
import type { Estimator, Group } from './estimators/group.js'
import { grpo } from './estimators/grpo.js'
import { maxRl } from './estimators/maxrl.js'
import { reinforcePlusPlus } from './estimators/reinforce-plus-plus.js'
import { reinforcePlusPlusBaseline } from './estimators/reinforce-plus-plus-baseline.js'
import { rloo } from './estimators/rloo.js'

const estimators: Record<EstimatorName, Estimator> = {
  rloo,
  'reinforce++': reinforcePlusPlus,
  'reinforce++-baseline': reinforcePlusPlusBaseline,
  grpo,
  'dr-grpo': drGrpo,
  'batch-deviation': batchDeviation,
  maxrl: maxRl,
}

/**
 * Sequence-level advantages in the places of `groups` (prompts x samples). Unscored samples are left out of every mean and
 * deviation and get 0. Throws NotFinite for a reward that is no number.
 */
export function advantages({
  estimator,
  groups,
}: {
  estimator: { name: EstimatorName; epsilon: number }
  groups: readonly Group[]
}): number[][] {
  for (const [row, group] of groups.entries()) {
    for (const [column, sample] of group.entries()) {
      if (Number.isFinite(sample.reward)) continue
      throw new RlevError({
        kind: 'NotFinite',
        message: 'a reward is not a finite number',
        place: `prompt ${row} of the step, sample ${column}`,
        expected: 'a finite reward',
        found: String(sample.reward),
        remedy:
          'a divergence in the reward overflows when the policy has left the reference: lower kl.coefficient or the learning rate',
      })
    }
  }
  return estimators[estimator.name](groups, estimator)
}
