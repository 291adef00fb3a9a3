/**
 * The config.json of a decoder in Hugging Face form: Qwen2 (and Qwen2.5), Qwen3 and Llama, in the current form
 * (`rope_parameters`) and the previous one (`rope_theta`, `rope_scaling`). A key that changes what a decoder
 * computes, and that the decoder here does not support, is refused by name.
 */
import { z } from 'zod'
import { RlevError } from '../errors.js'
import { type Architecture, checkDivisions, type Family } from '../model/architecture.js'
import { readRotary, ropeKeys, writeRotary } from './rotary-file.js'
import { unsupportedKey } from './unsupported.js'

/**
 * Limits are several times the largest published values. A value above is damage, and must not cause an
 * allocation.
 */
const upTo = (max: number) => z.int().positive().max(max)

const configFile = z.looseObject({
  model_type: z.string(),
  vocab_size: upTo(2 ** 22),
  hidden_size: upTo(2 ** 17),
  num_hidden_layers: upTo(1000),
  num_attention_heads: upTo(2 ** 13),
  num_key_value_heads: upTo(2 ** 13).nullish(),
  head_dim: upTo(2 ** 13).nullish(),
  intermediate_size: upTo(2 ** 20),
  tie_word_embeddings: z.boolean().nullish(),
  rms_norm_eps: z.number().positive().nullish(),
  max_position_embeddings: upTo(2 ** 28).nullish(),
  initializer_range: z.number().nonnegative().nullish(),
  hidden_act: z.string().nullish(),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  attention_dropout: z.number().nullish(),
  use_sliding_window: z.boolean().nullish(),
  sliding_window: z.number().nullish(),
  max_window_layers: z.number().nullish(),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
  ...ropeKeys,
})
type ConfigFile = z.output<typeof configFile>

/** Differences between the families, with the defaults of `transformers` for missing keys. */
const families: Readonly<
  Record<Family, { architecture: string; positions: number; headWidth: number | null; norms: boolean }>
> = {
  qwen2: { architecture: 'Qwen2ForCausalLM', positions: 32768, headWidth: null, norms: false },
  qwen3: { architecture: 'Qwen3ForCausalLM', positions: 32768, headWidth: 128, norms: true },
  llama: { architecture: 'LlamaForCausalLM', positions: 2048, headWidth: null, norms: false },
}

const isFamily = (name: string): name is Family => Object.hasOwn(families, name)

/** Reads the content of config.json. Throws CheckpointInvalid, which names the key. `place` is the file. */
export function readArchitecture(content: unknown, place: string): Architecture {
  const family = familyOf(content, place)
  const parsed = configFile.safeParse(content)
  if (!parsed.success) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the config of the model is invalid',
      place,
      expected: `the keys of a ${family} config.json in Hugging Face form`,
      found: parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '),
      remedy: 'fetch config.json again, or correct the key',
    })
  }
  const file = parsed.data
  refuse(file, place)
  const { positions, headWidth, norms } = families[family]
  const attentionBias = family !== 'qwen2' && (file.attention_bias ?? false)
  const maxPositions = file.max_position_embeddings ?? positions
  const architecture: Architecture = {
    family,
    vocabulary: file.vocab_size,
    width: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    keyValueHeads: file.num_key_value_heads ?? file.num_attention_heads,
    headWidth: file.head_dim ?? headWidth ?? file.hidden_size / file.num_attention_heads,
    mlpWidth: file.intermediate_size,
    tied: file.tie_word_embeddings ?? false,
    queryKeyValueBias: family === 'qwen2' || attentionBias,
    outputBias: attentionBias,
    mlpBias: family === 'llama' && (file.mlp_bias ?? false),
    queryKeyNorm: norms,
    rotary: readRotary(file, { maxPositions, place }),
    normEpsilon: file.rms_norm_eps ?? 1e-6,
    maxPositions,
    initDeviation: file.initializer_range ?? 0.02,
  }
  checkDivisions(architecture, place)
  return architecture
}

/** The content of a config.json that `transformers` loads. */
export function writeArchitecture(
  architecture: Architecture,
  tokens: { padId: number; eosIds: readonly number[]; bosId?: number | null },
): Record<string, unknown> {
  const { family, outputBias, mlpBias } = architecture
  return {
    architectures: [families[family].architecture],
    ...(family === 'qwen2' ? {} : { attention_bias: outputBias }),
    attention_dropout: 0,
    ...(typeof tokens.bosId === 'number' ? { bos_token_id: tokens.bosId } : {}),
    dtype: 'float32',
    eos_token_id: tokens.eosIds.length === 1 ? tokens.eosIds[0] : tokens.eosIds,
    head_dim: architecture.headWidth,
    hidden_act: 'silu',
    hidden_size: architecture.width,
    initializer_range: architecture.initDeviation,
    intermediate_size: architecture.mlpWidth,
    max_position_embeddings: architecture.maxPositions,
    ...(family === 'llama' ? { mlp_bias: mlpBias } : {}),
    model_type: family,
    num_attention_heads: architecture.heads,
    num_hidden_layers: architecture.layers,
    num_key_value_heads: architecture.keyValueHeads,
    pad_token_id: tokens.padId,
    rms_norm_eps: architecture.normEpsilon,
    ...writeRotary(architecture.rotary),
    tie_word_embeddings: architecture.tied,
    use_cache: true,
    ...(family === 'llama' ? {} : { use_sliding_window: false }),
    vocab_size: architecture.vocabulary,
  }
}

/** Checked first, because the other keys depend on the family. */
function familyOf(content: unknown, place: string): Family {
  const found =
    typeof content === 'object' && content !== null ? (content as { model_type?: unknown }).model_type : content
  if (typeof found === 'string' && isFamily(found)) return found
  throw unsupportedKey({ key: 'model_type', expected: Object.keys(families).join(', '), found, place })
}

function refuse(file: ConfigFile, place: string): void {
  const slides = (file.layer_types ?? slidingLayers(file)).some(type => type !== 'full_attention')
  const refused: readonly [boolean, string, string, unknown][] = [
    [file.quantization_config != null, 'quantization_config', 'no quantization', methodOf(file)],
    [!['silu', 'swish'].includes(file.hidden_act ?? 'silu'), 'hidden_act', 'silu', file.hidden_act],
    [slides && file.layer_types != null, 'layer_types', 'full_attention in every layer', file.layer_types],
    [slides, 'use_sliding_window', 'false, or max_window_layers at least the number of layers', file.sliding_window],
    [(file.attention_dropout ?? 0) !== 0, 'attention_dropout', '0', file.attention_dropout],
  ]
  for (const [bad, key, expected, found] of refused) {
    if (bad) throw unsupportedKey({ key, expected, found, place })
  }
}

/** Attention types of the layers. If a window is in use, layers from `max_window_layers` on have it. */
function slidingLayers({ use_sliding_window, sliding_window, max_window_layers, num_hidden_layers }: ConfigFile) {
  // The default of `transformers` is a window of 4096; null means no window.
  const inUse = use_sliding_window === true && sliding_window !== null
  return Array.from({ length: num_hidden_layers }, (_, layer) =>
    inUse && layer >= (max_window_layers ?? 28) ? 'sliding_attention' : 'full_attention',
  )
}

const methodOf = ({ quantization_config: config }: ConfigFile): unknown =>
  (config as { quant_method?: unknown } | null | undefined)?.quant_method ?? 'unknown method'
