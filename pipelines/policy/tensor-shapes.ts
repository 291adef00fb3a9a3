/** Name and shape of every tensor of a decoder, as a Hugging Face checkpoint of the Qwen2 family has them. */
import type { Architecture } from './architecture.js'

/** In the order of the layers; linear weights are [out, in]. */
export function tensorShapes(architecture: Architecture): Map<string, number[]> {
  const { width, heads, keyValueHeads, headWidth, mlpWidth, vocabulary } = architecture
  const shapes = new Map<string, number[]>([['model.embed_tokens.weight', [vocabulary, width]]])
  for (let index = 0; index < architecture.layers; index++) {
    const at = (name: string, shape: number[]) => shapes.set(`model.layers.${index}.${name}`, shape)
    at('self_attn.q_proj.weight', [heads * headWidth, width])
    at('self_attn.q_proj.bias', [heads * headWidth])
    at('self_attn.k_proj.weight', [keyValueHeads * headWidth, width])
    at('self_attn.k_proj.bias', [keyValueHeads * headWidth])
    at('self_attn.v_proj.weight', [keyValueHeads * headWidth, width])
    at('self_attn.v_proj.bias', [keyValueHeads * headWidth])
    at('self_attn.o_proj.weight', [width, heads * headWidth])
    at('mlp.gate_proj.weight', [mlpWidth, width])
    at('mlp.up_proj.weight', [mlpWidth, width])
    at('mlp.down_proj.weight', [width, mlpWidth])
    at('input_layernorm.weight', [width])
    at('post_attention_layernorm.weight', [width])
  }
  shapes.set('model.norm.weight', [width])
  if (!architecture.tied) shapes.set('lm_head.weight', [vocabulary, width])
  return shapes
}
