/**
 * What a decoder is made of, and its config.json in Hugging Face form: Qwen2 (RMSNorm, rotary positions, grouped-query
 * attention with biases on queries, keys and values, gated MLP). Whatever the decoder does not do is refused by its key.
 */
import { z } from 'zod'
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
  /** Vocabulary, the rows of the embedding. */
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
  /** Biases on queries, keys and values: Qwen2 always, others where config.json says attention_bias. */
  queryKeyValueBias: boolean
  /** Bias on the output of attention: Llama and Qwen3 with attention_bias. */
  outputBias: boolean
  /** Biases in the MLP: Llama with mlp_bias. */
  mlpBias: boolean
  /** RMSNorm over each head's queries and keys before positions turn them: Qwen3. */
  queryKeyNorm: boolean
  rotary: { theta: number; scaling: null | RotaryScaling }
  normEpsilon: number
  maxPositions: number
  /** Standard deviation of fresh weights, kept for the file only. */
  initDeviation: number
}

const count = z.int().positive()
const rope = z.looseObject({ rope_theta: z.number().positive().optional(), rope_type: z.string().optional() })

/** The keys that are read; others that change what a decoder computes are in `refused`. */
const configFile = z.looseObject({
  model_type: z.string(),
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.optional(),
  head_dim: count.nullish(),
  intermediate_size: count,
  tie_word_embeddings: z.boolean().default(false),
  rope_theta: z.number().positive().optional(),
  rope_parameters: rope.nullish(),
  rope_scaling: z.looseObject({}).nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  max_position_embeddings: count.default(32768),
  initializer_range: z.number().default(0.02),
  hidden_act: z.string().default('silu'),
  use_sliding_window: z.boolean().default(false),
  layer_types: z.array(z.string()).nullish(),
  attention_dropout: z.number().default(0),
  quantization_config: z.unknown().optional(),
})
type ConfigFile = z.output<typeof configFile>

/** Reads the content of a config.json. Throws CheckpointInvalid, naming the key; `place` is the file. */
export function readArchitecture(content: unknown, place: string): Architecture {
  const parsed = configFile.safeParse(content)
  if (!parsed.success) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the config of the model cannot be read',
      place,
      expected: 'the keys of a Qwen2 config.json in Hugging Face form',
      found: parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    })
  }
  const file = parsed.data
  refuse(file, place)
  const architecture: Architecture = {
    family: 'qwen2',
    vocabulary: file.vocab_size,
    width: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    keyValueHeads: file.num_key_value_heads ?? file.num_attention_heads,
    headWidth: file.head_dim ?? file.hidden_size / file.num_attention_heads,
    mlpWidth: file.intermediate_size,
    tied: file.tie_word_embeddings,
    queryKeyValueBias: true,
    outputBias: false,
    mlpBias: false,
    queryKeyNorm: false,
    rotary: { theta: file.rope_parameters?.rope_theta ?? file.rope_theta ?? 10000, scaling: null },
    normEpsilon: file.rms_norm_eps,
    maxPositions: file.max_position_embeddings,
    initDeviation: file.initializer_range,
  }
  checkDivisions(architecture, place)
  return architecture
}

/** The content of a config.json that `transformers` loads. */
export function writeArchitecture(
  architecture: Architecture,
  tokens: { padId: number; eosIds: readonly number[] },
): Record<string, unknown> {
  return {
    architectures: ['Qwen2ForCausalLM'],
    attention_dropout: 0,
    dtype: 'float32',
    eos_token_id: tokens.eosIds.length === 1 ? tokens.eosIds[0] : tokens.eosIds,
    head_dim: architecture.headWidth,
    hidden_act: 'silu',
    hidden_size: architecture.width,
    initializer_range: architecture.initDeviation,
    intermediate_size: architecture.mlpWidth,
    max_position_embeddings: architecture.maxPositions,
    model_type: architecture.family,
    num_attention_heads: architecture.heads,
    num_hidden_layers: architecture.layers,
    num_key_value_heads: architecture.keyValueHeads,
    pad_token_id: tokens.padId,
    rms_norm_eps: architecture.normEpsilon,
    // Both the key of today's transformers and the one before it.
    rope_parameters: { rope_theta: architecture.rotary.theta, rope_type: 'default' },
    rope_theta: architecture.rotary.theta,
    tie_word_embeddings: architecture.tied,
    use_cache: true,
    use_sliding_window: false,
    vocab_size: architecture.vocabulary,
  }
}

/** The architecture of a policy made from scratch. Throws ConfigInvalid where the widths do not divide. */
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

function refuse(file: ConfigFile, place: string): void {
  const ropeType = file.rope_parameters?.rope_type ?? 'default'
  const refused: readonly [boolean, string, string, unknown][] = [
    [file.model_type !== 'qwen2', 'model_type', 'qwen2', file.model_type],
    [file.hidden_act !== 'silu', 'hidden_act', 'silu', file.hidden_act],
    [ropeType !== 'default', 'rope_parameters.rope_type', 'default', ropeType],
    [file.rope_scaling != null, 'rope_scaling', 'null', file.rope_scaling],
    [file.use_sliding_window, 'use_sliding_window', 'false', true],
    [
      file.layer_types?.some(type => type !== 'full_attention') ?? false,
      'layer_types',
      'full_attention in every layer',
      file.layer_types,
    ],
    [file.attention_dropout !== 0, 'attention_dropout', '0', file.attention_dropout],
    [file.quantization_config != null, 'quantization_config', 'none: weights that are not quantized', 'one'],
  ]
  for (const [bad, key, expected, found] of refused) {
    if (!bad) continue
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: `the decoder does not support this \`${key}\``,
      place,
      expected: `${key}: ${expected}`,
      found: JSON.stringify(found),
      remedy: 'use a checkpoint of the Qwen2 family in its plain form',
    })
  }
}

function checkDivisions({ width, heads, keyValueHeads, headWidth }: Architecture, place: string): void {
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
    refuseWith('key and value heads do not divide the heads', `a divisor of ${heads}`, String(keyValueHeads))
  }
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0) {
    refuseWith(
      'the width of a head must be an even number of units, for rotary positions turn pairs',
      `width / heads even`,
      `${width} / ${heads} = ${headWidth}`,
    )
  }
}
