/**
 * Attention of one new token in each slot, as a layer of a decoding step takes it: in one operation (graph/fused.ts), or in
 * TensorFlow's (decoding-attention.ts).
 *
 * Shapes: r slots, H heads, E head width.
 */
import { fusedAttention } from '../graph/fused.js'
import type { Tensor } from '../graph/tensorflow.js'
import type { LayerCache } from '../model/attention.js'
import { type Decoder, joinedProjections, queriesKeysValues } from '../model/decoder.js'
import { type Angles, turnedBy, turningMatrices } from '../model/rotary-angles.js'
import { type AttentionSizes, attendWriting, attentionLayout, attentionStep } from './decoding-attention.js'

interface OfLayer {
  layer: Decoder['layers'][number]
  cache: LayerCache
  /** Null if slots have copies of their prompts. */
  shared: LayerCache | null
  /** Hidden states before the layer. */
  before: Tensor
}

/** A step of all layers. */
interface AttentionStepOfLayers {
  /** What each layer takes, the same for all. */
  constants: readonly Tensor[]
  /** Output of the heads [r, H E]. The first of `rest` are the constants. */
  seenBy: (at: OfLayer, rest: readonly Tensor[]) => Tensor
}

/** For tokens with these angles, which are written into column `column` [r] of their slots' responses. */
export type AttentionSteps = (angles: Angles, column: Tensor) => AttentionStepOfLayers

/** `lengths` [r]: columns of each slot's prompt. */
interface Subject {
  decoder: Decoder
  lengths: Tensor
  sizes: AttentionSizes
}

export const attentionSteps = (subject: Subject): AttentionSteps =>
  subject.decoder.fused ? inOneOperation(subject) : inParts(subject)

function inOneOperation({ decoder, lengths, sizes: { samples, prefix, columns } }: Subject): AttentionSteps {
  const { heads, normEpsilon } = decoder.architecture
  const sizes = { heads, samples, prefix, columns, epsilon: normEpsilon }
  return (angles, column) => ({
    constants: [angles.cosine, angles.sine, lengths, column],
    seenBy({ layer, cache, shared, before }, rest) {
      const [cosine, sine, ofPrompts, written] = rest as [Tensor, Tensor, Tensor, Tensor]
      return fusedAttention({
        all: joinedProjections(decoder, layer, before),
        angles: { cosine, sine },
        norms: layer.headNorms,
        cache,
        prompts: shared,
        lengths: ofPrompts,
        columns: written,
        sizes,
      })
    },
  })
}

function inParts({ decoder, lengths, sizes }: Subject): AttentionSteps {
  const layout = attentionLayout(sizes, lengths)
  return (angles, column) => {
    const step = attentionStep(layout, column)
    return {
      constants: [turningMatrices(angles), step.rows, step.mask],
      seenBy({ layer, cache, shared, before }, rest) {
        const [turning, rows, mask] = rest as [Tensor, Tensor, Tensor]
        const { queries, keys, values } = queriesKeysValues(decoder, layer, before, heads => turnedBy(heads, turning))
        const fresh = { keys, values }
        return attendWriting({ queries, fresh, cache, prompts: shared, layout, step: { rows, mask } })
      },
    }
  }
}
