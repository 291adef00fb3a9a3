/**
 * The architecture of a decoder: RMSNorm, rotary positions, grouped-query attention and a gated MLP, with the
 * biases and norms in which the families differ. Its file is config.json (checkpoint/architecture-file.ts).
 */
import type { ScratchPolicyConfig } from '../config/schema.js'
import { RlevError } from '../errors.js'

export type Family = 'qwen2' | 'qwen3' | 'llama'

/** How the frequencies of the rotary positions are stretched for long contexts. */
export type RotaryScaling =
  | { type: 'linear'; factor: number }
  | {
      type: 'llama3'
      factor: number
      lowFrequencyFactor: number
      highFrequencyFactor: number
      originalMaxPositions: number
    }

export interface Architecture {
  family: Family
  /** Tokens, the rows of the embedding. */
  vocabulary: number
  width: number
  layers: number
  heads: number
  /** Divides `heads`; each serves heads / keyValueHeads query heads. */
  keyValueHeads: number
  headWidth: number
  mlpWidth: number
  /** The output head is the embedding. */
  tied: boolean
  /** Biases on queries, keys and values: Qwen2 always, others with attention_bias. */
  queryKeyValueBias: boolean
  /** Bias on the output of attention: Llama and Qwen3 with attention_bias. */
  outputBias: boolean
  /** Biases in the MLP: Llama with mlp_bias. */
  mlpBias: boolean
  /** RMSNorm over each head's queries and keys before the rotation: Qwen3. */
  queryKeyNorm: boolean
  rotary: { theta: number; scaling: null | RotaryScaling }
  normEpsilon: number
  maxPositions: number
  /** Standard deviation of fresh weights. Only written to config.json. */
  initDeviation: number
}

/** The architecture of a policy from scratch. Throws ConfigInvalid if the widths do not divide. */
export function scratchArchitecture(config: ScratchPolicyConfig, vocabulary: number): Architecture {
  const architecture: Architecture = {
    family: 'qwen2',
    vocabulary,
    width: config.width,
    layers: config.layers,
    heads: config.heads,
    keyValueHeads: config.keyValueHeads,
    headWidth: config.width / config.heads,
    mlpWidth: config.mlpWidth,
    tied: config.tied,
    queryKeyValueBias: true,
    outputBias: false,
    mlpBias: false,
    queryKeyNorm: false,
    rotary: { theta: config.ropeTheta, scaling: null },
    normEpsilon: 1e-6,
    maxPositions: 2048,
    initDeviation: config.initDeviation,
  }
  checkDivisions(architecture, 'policy')
  return architecture
}

/** Throws ConfigInvalid if `place` is `policy`, else CheckpointInvalid. */
export function checkDivisions({ width, heads, keyValueHeads, headWidth }: Architecture, place: string): void {
  const refuseWith = (message: string, expected: string, found: string) => {
    throw new RlevError({
      kind: place === 'policy' ? 'ConfigInvalid' : 'CheckpointInvalid',
      message,
      place,
      expected,
      found,
      remedy: 'change the number of heads or the width',
    })
  }
  if (heads % keyValueHeads !== 0) {
    refuseWith(
      'the number of heads is not a multiple of the number of key and value heads',
      `a divisor of ${heads}`,
      String(keyValueHeads),
    )
  }
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0) {
    refuseWith(
      'the width of a head is not an even number; rotary positions rotate pairs',
      `width / heads even`,
      `${width} / ${heads} = ${headWidth}`,
    )
  }
}
