/** The architecture that a config's policy will have, before anything of it is made or loaded. */

import { checkCheckpoint } from '../checkpoint/checked-checkpoint.js'
import type { ExperimentConfig } from '../config/schema.js'
import { alphabetOf } from '../data/alphabet.js'
import type { DataSet } from '../data/item.js'
import { type Architecture, scratchArchitecture } from '../model/architecture.js'

/** Throws CheckpointInvalid where a checkpoint could not be loaded, ConfigInvalid where widths do not divide. */
export function plannedArchitecture(
  { policy, data }: Pick<ExperimentConfig, 'policy' | 'data'>,
  dataset: Pick<DataSet, 'train' | 'test'>,
): Architecture {
  // The end of a response and the padding are tokens too.
  if (policy.from === 'scratch') return scratchArchitecture(policy, alphabetOf({ data, dataset }).length + 2)
  return checkCheckpoint(policy.path).architecture
}
