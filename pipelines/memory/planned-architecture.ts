/** The architecture of a config's policy, before the policy is made or loaded. */

import { checkCheckpoint } from '../checkpoint/checked-checkpoint.js'
import type { ExperimentConfig } from '../config/schema.js'
import { alphabetOf } from '../data/alphabet.js'
import type { DataSet } from '../data/item.js'
import { type Architecture, scratchArchitecture } from '../model/architecture.js'

/** Throws CheckpointInvalid if the checkpoint is invalid, ConfigInvalid if widths do not divide. */
export function plannedArchitecture(
  { policy, data }: Pick<ExperimentConfig, 'policy' | 'data'>,
  dataset: Pick<DataSet, 'train' | 'test'>,
): Architecture {
  // Plus the end of a response and the padding.
  if (policy.from === 'scratch') return scratchArchitecture(policy, alphabetOf({ data, dataset }).length + 2)
  return checkCheckpoint(policy.path).architecture
}
