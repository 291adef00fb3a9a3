/** What a token costs a policy, for estimates of time: from its config, or from config.json of its checkpoint. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArchitecture } from '../../pipelines/checkpoint/architecture-file.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'

export interface PolicySize {
  layers: number
  /** Weights that each token is multiplied by. Those of the head count from a size at which they matter: in a checkpoint. */
  weights: number
}

type Policy = ExperimentConfig['policy']
type Widths = Pick<Extract<Policy, { from: 'scratch' }>, 'width' | 'layers' | 'heads' | 'keyValueHeads' | 'mlpWidth'>

/** By folder; a folder of a frozen plan does not change. */
const known = new Map<string, PolicySize | undefined>()

/** Undefined if the checkpoint cannot be read here, as on a machine that only watches. */
export function policySize(policy: Policy): PolicySize | undefined {
  if (policy.from === 'scratch') return { layers: policy.layers, weights: decoderWeights(policy) }
  const { path } = policy
  if (!known.has(path)) known.set(path, checkpointSize(path))
  return known.get(path)
}

/** Weights of the decoder without its embeddings, which cost no product. */
export function decoderWeights({ width, layers, heads, keyValueHeads, mlpWidth }: Widths): number {
  const attention = 2 * width * width * (1 + keyValueHeads / heads)
  return layers * (attention + 3 * width * mlpWidth)
}

function checkpointSize(folder: string): PolicySize | undefined {
  const place = join(folder, 'config.json')
  try {
    const architecture = readArchitecture(JSON.parse(readFileSync(place, 'utf8')), place)
    const { layers, vocabulary, width } = architecture
    return { layers, weights: decoderWeights(architecture) + vocabulary * width }
  } catch {
    // Whether the checkpoint is valid is said by its own check; an estimate is left out.
    return undefined
  }
}
