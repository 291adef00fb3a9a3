/** Names and shapes of a decoder's tensors, as in Hugging Face checkpoints of its family. */
import type { Architecture } from './architecture.js'

/** In the order of the layers. Linear weights are [out, in]. */
export function tensorShapes(architecture: Architecture): Map<string, number[]> {
  const { width, heads, keyValueHeads, headWidth, mlpWidth, vocabulary } = architecture
  const { queryKeyValueBias, outputBias, mlpBias, queryKeyNorm } = architecture
  const shapes = new Map<string, number[]>([['model.embed_tokens.weight', [vocabulary, width]]])
  for (let index = 0; index < architecture.layers; index++) {
    const at = (name: string, shape: number[]) => shapes.set(`model.layers.${index}.${name}`, shape)
    const linear = (name: string, [outputs, inputs]: [number, number], biased: boolean) => {
      at(`${name}.weight`, [outputs, inputs])
      if (biased) at(`${name}.bias`, [outputs])
    }
    linear('self_attn.q_proj', [heads * headWidth, width], queryKeyValueBias)
    linear('self_attn.k_proj', [keyValueHeads * headWidth, width], queryKeyValueBias)
    linear('self_attn.v_proj', [keyValueHeads * headWidth, width], queryKeyValueBias)
    linear('self_attn.o_proj', [width, heads * headWidth], outputBias)
    if (queryKeyNorm) {
      at('self_attn.q_norm.weight', [headWidth])
      at('self_attn.k_norm.weight', [headWidth])
    }
    linear('mlp.gate_proj', [mlpWidth, width], mlpBias)
    linear('mlp.up_proj', [mlpWidth, width], mlpBias)
    linear('mlp.down_proj', [width, mlpWidth], mlpBias)
    at('input_layernorm.weight', [width])
    at('post_attention_layernorm.weight', [width])
  }
  shapes.set('model.norm.weight', [width])
  if (!architecture.tied) shapes.set('lm_head.weight', [vocabulary, width])
  return shapes
}

/** Whether a checkpoint may have a tensor that the decoder lacks: one that follows from the config, or a copy. */
export function isLeftOver(name: string, { tied }: Architecture): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (tied && name === 'lm_head.weight')
}

/** Number of values of a tensor. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
