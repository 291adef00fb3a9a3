/** config.json of a GGUF file: its family, shape and rotary positions. */
import { unsupportedKey } from '../unsupported.js'
import type { Metadata } from './metadata.js'
import { rotaryFactorsName } from './tensor-names.js'

/** Frequencies of Llama 3.1 and 3.2 but for their factor, which is the largest of the factors in the file. */
const llama3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 }

/** Above it is damage, and must not cause an allocation. */
const maxHeadWidth = 2 ** 13

interface RotaryFactors {
  shape: readonly number[]
  values: () => Promise<Float32Array>
}

/**
 * @param tied whether the head is the embedding.
 * @param rotaryFactors of `rope_freqs.weight`, which files of Llama 3.1 and later have.
 * @throws RlevError CheckpointInvalid for a family or a position that the decoder does not support.
 */
export async function configOf(
  metadata: Metadata,
  {
    place,
    tied,
    vocabulary,
    rotaryFactors,
    tokens,
  }: {
    place: string
    tied: boolean
    vocabulary: number
    rotaryFactors: RotaryFactors | undefined
    tokens: object
  },
): Promise<Record<string, unknown>> {
  const family = metadata.text('general.architecture')
  const key = (name: string) => `${family}.${name}`
  if (!['llama', 'qwen2', 'qwen3'].includes(family)) {
    throw unsupportedKey({ key: 'general.architecture', expected: 'llama, qwen2, qwen3', found: family, place })
  }
  const heads = metadata.number(key('attention.head_count'))
  const width = metadata.number(key('embedding_length'))
  const headWidth = metadata.optionalNumber(key('attention.key_length')) ?? width / heads
  if (!(Number.isInteger(headWidth / 2) && headWidth > 0 && headWidth <= maxHeadWidth)) {
    const expected = `an even width of a head, at most ${maxHeadWidth}`
    throw unsupportedKey({ key: key('attention.head_count'), expected, found: { heads, width, headWidth }, place })
  }
  const rotated = metadata.optionalNumber(key('rope.dimension_count')) ?? headWidth
  if (rotated !== headWidth) {
    throw unsupportedKey({ key: key('rope.dimension_count'), expected: String(headWidth), found: rotated, place })
  }
  const names = { llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM', qwen3: 'Qwen3ForCausalLM' } as const
  return {
    architectures: [names[family as keyof typeof names]],
    ...tokens,
    head_dim: headWidth,
    hidden_act: 'silu',
    hidden_size: width,
    intermediate_size: metadata.number(key('feed_forward_length')),
    max_position_embeddings: metadata.number(key('context_length')),
    model_type: family,
    num_attention_heads: heads,
    num_hidden_layers: metadata.number(key('block_count')),
    num_key_value_heads: metadata.optionalNumber(key('attention.head_count_kv')) ?? heads,
    rms_norm_eps: asWritten(metadata.number(key('attention.layer_norm_rms_epsilon'))),
    rope_theta: asWritten(metadata.optionalNumber(key('rope.freq_base')) ?? 10_000),
    ...(await scalingOf(metadata, { key, headWidth, rotaryFactors, place })),
    tie_word_embeddings: tied,
    vocab_size: vocabulary,
  }
}

async function scalingOf(
  metadata: Metadata,
  {
    key,
    headWidth,
    rotaryFactors,
    place,
  }: { key: (name: string) => string; headWidth: number; rotaryFactors: RotaryFactors | undefined; place: string },
): Promise<object> {
  if (rotaryFactors !== undefined) {
    const { shape } = rotaryFactors
    if (shape.join() !== String(headWidth / 2)) {
      throw unsupportedKey({ key: rotaryFactorsName, expected: `[${headWidth / 2}]`, found: shape, place })
    }
    const factors = await rotaryFactors.values()
    const theta = metadata.number(key('rope.freq_base'))
    const scaling = { ...llama3, factor: Math.max(...factors) }
    const expected = llama3Factors({ theta, headWidth, ...scaling })
    if (!expected.every((factor, index) => Math.abs(factor - (factors[index] ?? 0)) < 1e-4 * factor)) {
      const found = `${[...factors.subarray(0, 8)].join(', ')}, ...`
      throw unsupportedKey({ key: rotaryFactorsName, expected: 'the frequencies of Llama 3.1 or 3.2', found, place })
    }
    return { rope_scaling: { rope_type: 'llama3', ...scaling } }
  }
  const type = metadata.optionalText(key('rope.scaling.type')) ?? 'none'
  if (type === 'none') return {}
  if (type !== 'linear') {
    throw unsupportedKey({ key: key('rope.scaling.type'), expected: 'none, linear', found: type, place })
  }
  return { rope_scaling: { rope_type: 'linear', factor: metadata.number(key('rope.scaling.factor')) } }
}

/**
 * By what the angle of each pair of columns is divided: 1 for wavelengths below original / high, `factor` above original / low, and
 * between them interpolated in the wavelength.
 */
function llama3Factors({
  theta,
  headWidth,
  factor,
  low_freq_factor: low,
  high_freq_factor: high,
  original_max_position_embeddings: original,
}: typeof llama3 & { theta: number; headWidth: number; factor: number }): number[] {
  return Array.from({ length: headWidth / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * pair) / headWidth)
    if (wavelength < original / high) return 1
    if (wavelength > original / low) return factor
    const smooth = (original / wavelength - low) / (high - low)
    return 1 / ((1 - smooth) / factor + smooth)
  })
}

/** The shortest decimal that is the same float32: 1e-5, not 0.000009999999747378752. */
function asWritten(number: number): number {
  const short = Number(number.toPrecision(7))
  return Math.fround(short) === Math.fround(number) ? short : number
}
