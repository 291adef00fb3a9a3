/** The tokenizer that the policy of a config will have, without its weights. */
import { checkCheckpoint } from '../../pipelines/checkpoint/checked-checkpoint.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { alphabetOf } from '../../pipelines/data/alphabet.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { characterTokenizer, type PolicyTokenizer } from '../../pipelines/tokenizer/tokenizer.js'
import { loadTokenizer } from '../../pipelines/tokenizer/tokenizer-folder.js'

/** Throws CheckpointInvalid if the tokenizer of a checkpoint cannot be used. */
export function plannedTokenizer(
  { policy, data }: Pick<ExperimentConfig, 'policy' | 'data'>,
  dataset: Pick<DataSet, 'train' | 'test' | 'transfer'>,
): PolicyTokenizer {
  if (policy.from === 'scratch') return characterTokenizer(alphabetOf({ data, dataset }))
  return loadTokenizer(policy.path, checkCheckpoint(policy.path).config)
}
