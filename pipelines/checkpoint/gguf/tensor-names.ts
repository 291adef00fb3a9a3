/**
 * Tensors of a GGUF file by their names in Hugging Face checkpoints. For the Llama family, the converter of llama.cpp interleaves the
 * rows of query and key: of each head, row 2i + s of the file is row s h/2 + i here, for a head of h rows and s of 0 and 1. In Qwen2
 * and Qwen3 rows stay as they are.
 */
import type { Architecture } from '../../model/architecture.js'

const wholeModel: ReadonlyMap<string, string> = new Map([
  ['token_embd.weight', 'model.embed_tokens.weight'],
  ['output_norm.weight', 'model.norm.weight'],
  ['output.weight', 'lm_head.weight'],
])

const ofLayer: ReadonlyMap<string, string> = new Map([
  ['attn_norm', 'input_layernorm'],
  ['attn_q', 'self_attn.q_proj'],
  ['attn_k', 'self_attn.k_proj'],
  ['attn_v', 'self_attn.v_proj'],
  ['attn_output', 'self_attn.o_proj'],
  ['attn_q_norm', 'self_attn.q_norm'],
  ['attn_k_norm', 'self_attn.k_norm'],
  ['ffn_norm', 'post_attention_layernorm'],
  ['ffn_gate', 'mlp.gate_proj'],
  ['ffn_up', 'mlp.up_proj'],
  ['ffn_down', 'mlp.down_proj'],
])

/** Factors of the rotary frequencies. They follow from config.json. */
export const rotaryFactorsName = 'rope_freqs.weight'

/** Undefined for a tensor that the decoder does not have. */
export function hubName(name: string): string | undefined {
  const whole = wholeModel.get(name)
  if (whole !== undefined) return whole
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? []
  const own = ofLayer.get(part ?? '')
  return own === undefined ? undefined : `model.layers.${layer}.${own}.${kind}`
}

/** The values [rows, columns] in the order of Hugging Face. */
export function inHubOrder(name: string, values: Float32Array, architecture: Architecture): Float32Array {
  const part = /^blk\.\d+\.attn_([qk])\./.exec(name)?.[1]
  if (part === undefined || architecture.family !== 'llama') return values
  const { heads, keyValueHeads, headWidth } = architecture
  const rows = (part === 'q' ? heads : keyValueHeads) * headWidth
  const columns = values.length / rows
  const ordered = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    const [head, within] = [Math.floor(row / headWidth), row % headWidth]
    const [side, index] = [Math.floor((2 * within) / headWidth), within % (headWidth / 2)]
    const from = (head * headWidth + 2 * index + side) * columns
    ordered.set(values.subarray(from, from + columns), row * columns)
  }
  return ordered
}
