/** The tokenizer that the policy of a config will have, without its weights. */
import { checkCheckpoint } from '../checkpoint/checked-checkpoint.js'
import type { ExperimentConfig } from '../config/schema.js'
import { alphabetOf } from '../data/alphabet.js'
import type { DataSet } from '../data/item.js'
import { characterTokenizer, type PolicyTokenizer } from '../tokenizer/tokenizer.js'
import { loadTokenizer } from '../tokenizer/tokenizer-folder.js'

/** Throws CheckpointInvalid if the tokenizer of a checkpoint cannot be used. */
export function plannedTokenizer(
  { policy, data }: Pick<ExperimentConfig, 'policy' | 'data'>,
  dataset: Pick<DataSet, 'train' | 'test' | 'transfer'>,
): PolicyTokenizer {
  if (policy.from === 'scratch') return characterTokenizer(alphabetOf({ data, dataset }))
  return loadTokenizer(policy.path, checkCheckpoint(policy.path).config)
}
