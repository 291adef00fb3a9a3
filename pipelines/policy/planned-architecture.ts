/** The architecture that a config's policy will have, before anything of it is made or loaded. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExperimentConfig } from '../config/schema.js'
import { alphabetOf } from '../data/alphabet.js'
import type { DataSet } from '../data/item.js'
import { RlevError } from '../errors.js'
import { type Architecture, scratchArchitecture } from './architecture.js'
import { readArchitecture } from './architecture-file.js'

/** Throws CheckpointInvalid where the config.json of a checkpoint cannot be read, ConfigInvalid where widths do not divide. */
export function plannedArchitecture(
  { policy, data }: Pick<ExperimentConfig, 'policy' | 'data'>,
  dataset: Pick<DataSet, 'train' | 'test'>,
): Architecture {
  // The end of a response and the padding are tokens too.
  if (policy.from === 'scratch') return scratchArchitecture(policy, alphabetOf({ data, dataset }).length + 2)
  const place = join(policy.path, 'config.json')
  if (!existsSync(place)) throw unreadable(place, 'no such file')
  let content: unknown
  try {
    content = JSON.parse(readFileSync(place, 'utf8'))
  } catch (error) {
    throw unreadable(place, (error as Error).message)
  }
  return readArchitecture(content, place)
}

function unreadable(place: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the checkpoint has no config that can be read',
    place,
    expected: 'the config.json of a folder in Hugging Face form',
    found,
    remedy: 'check policy.path in the config',
  })
}
