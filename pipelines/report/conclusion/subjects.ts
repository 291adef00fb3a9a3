/** The arms that a conclusion speaks of: those of which a gain is claimed or not, and the controls beside them. */
import type { ArmComparison, EndpointDifference } from '../../comparison/comparison.js'
import type { ExperimentConfig } from '../../config/schema.js'

/** An arm with its config, and the arm that it is compared with. */
export interface Compared {
  arm: ArmComparison
  config: ExperimentConfig
  against: string
  reference: ExperimentConfig
}

export interface Paired extends Compared {
  arm: ArmComparison & { endpointDifference: EndpointDifference }
}

/** Whether a seed of it is done that is done of the other arm too. */
export function isPaired(one: Compared): one is Paired {
  return one.arm.endpointDifference !== null
}

/** Its reward carries no single item's value, so it shows what else than values makes a difference. */
export function isControl({ arm, config }: Compared): boolean {
  return arm.role === 'placebo' || config.value.ablation === 'shuffled' || config.reward.scale === 'uniform'
}

/** Names that fit into a sentence: at most `maxNames`, the others counted. */
export function listed(names: readonly string[], maxNames = 4): string {
  if (names.length > maxNames)
    return `${names.slice(0, maxNames - 1).join(', ')} and ${names.length - maxNames + 1} more`
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
