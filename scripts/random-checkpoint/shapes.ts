/** Shapes of published models, as the keys of their config.json. */
import { RlevError } from '../../pipelines/errors.js'

export type ConfigContent = Readonly<Record<string, unknown>>

const qwen2 = {
  model_type: 'qwen2',
  architectures: ['Qwen2ForCausalLM'],
  hidden_act: 'silu',
  initializer_range: 0.02,
  max_position_embeddings: 32768,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vocab_size: 151936,
}

const shapes: Readonly<Record<string, ConfigContent>> = {
  'qwen2.5-0.5b': {
    ...qwen2,
    hidden_size: 896,
    intermediate_size: 4864,
    num_attention_heads: 14,
    num_hidden_layers: 24,
    num_key_value_heads: 2,
  },
  'qwen2.5-1.5b': {
    ...qwen2,
    hidden_size: 1536,
    intermediate_size: 8960,
    num_attention_heads: 12,
    num_hidden_layers: 28,
    num_key_value_heads: 2,
  },
  'qwen3-0.6b': {
    ...qwen2,
    model_type: 'qwen3',
    architectures: ['Qwen3ForCausalLM'],
    attention_bias: false,
    head_dim: 128,
    hidden_size: 1024,
    intermediate_size: 3072,
    max_position_embeddings: 40960,
    num_attention_heads: 16,
    num_hidden_layers: 28,
    num_key_value_heads: 8,
  },
  'llama-3.2-1b': {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    attention_bias: false,
    mlp_bias: false,
    head_dim: 64,
    hidden_act: 'silu',
    hidden_size: 2048,
    initializer_range: 0.02,
    intermediate_size: 8192,
    max_position_embeddings: 131072,
    num_attention_heads: 32,
    num_hidden_layers: 16,
    num_key_value_heads: 8,
    rms_norm_eps: 1e-5,
    rope_theta: 500_000,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
    tie_word_embeddings: true,
    vocab_size: 128256,
  },
}

export const shapeNames: readonly string[] = Object.keys(shapes)

/** Throws CallInvalid for a name that is not there. */
export function shapeOf(name: string): ConfigContent {
  const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined
  if (shape !== undefined) return shape
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'there is no such shape',
    place: '--shape',
    expected: shapeNames.join(', '),
    found: name,
  })
}
