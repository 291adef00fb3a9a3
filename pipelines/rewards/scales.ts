/**
 * The scale s(x) of a correct answer (eq. 3 and 4). The paper clips alpha v at 1; `cap` makes that 1 an option. The shuffled
 * arm uses the human-aligned scale with permuted values.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { RlevError } from '../errors.js'
import type { ItemValue } from '../values/value.js'

export type ScaleConfig = Pick<ExperimentConfig['reward'], 'scale' | 'alpha' | 'cap'>

/** s = 1 + min(alpha v, cap), in [1, 1 + cap] (eq. 4). */
export function humanAlignedScale(value: number, { alpha, cap }: { alpha: number; cap: number }): number {
  return 1 + Math.min(alpha * value, cap)
}

/** Mean human-aligned scale over the training items: equal on average, but independent of the item. */
export function uniformScale(
  values: readonly Pick<ItemValue, 'value'>[],
  settings: { alpha: number; cap: number },
): number {
  if (values.length === 0) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the uniform scale is a mean over the training items, but there are no training items',
      expected: 'at least one value',
      found: '0 values',
      remedy: 'check the data section of the config',
    })
  }
  return values.reduce((sum, { value }) => sum + humanAlignedScale(value, settings), 0) / values.length
}

/** s(x) for a value in (0, 1]; dimensionless, at least 1. Only the uniform scale needs `uniformScale`. */
export function scaleOf({
  value,
  reward,
  uniformScale,
}: {
  value: number
  reward: ScaleConfig
  uniformScale?: number | undefined
}): number {
  switch (reward.scale) {
    case 'correctness':
      return 1
    case 'human-aligned':
      return humanAlignedScale(value, reward)
    case 'multiplicative':
      // s = 1 + alpha v, not clipped
      return 1 + reward.alpha * value
    case 'uniform':
      if (uniformScale === undefined) {
        throw new RlevError({
          kind: 'CallInvalid',
          message: 'scaleOf: the uniform scale needs its mean over the items',
        })
      }
      return uniformScale
    default:
      return reward.scale satisfies never
  }
}
