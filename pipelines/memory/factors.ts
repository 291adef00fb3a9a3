/**
 * How many tensors of each kind exist at the same time, measured as the growth of resident memory with each row, layer and width, and
 * rounded (docs/memory.md). They differ by how the policy's operations are computed (model/sizes.ts).
 */

import { localEngine } from '../config/engine-kinds.js'
import type { ExperimentConfig } from '../config/schema.js'
import type { Architecture } from '../model/architecture.js'
import { isFused } from '../model/sizes.js'

interface Factors {
  /**
   * Tensors of each width for one token of a layer, backward pass included. `width` (D): residuals, normed inputs, outputs. `heads`:
   * queries, keys and values, projected and rotated. `mlp` (M): gate, up and their product. `scores`: before and after softmax.
   */
  held: { width: number; heads: number; mlp: number; scores: number }
  /**
   * Tensors [B R, V] in the loss: logits, their softmax and its gradient; with the entropy also the probabilities, their logarithms and
   * its gradient. And tensors [B, V] for a decoding position.
   */
  logits: { update: number; entropy: number; position: number }
  /** A cache with its copies while it grows and tokens are written, as the memory pool keeps them. */
  cacheCopies: number
  /**
   * Copies of the layers' matrices: projections joined, and an adapter added; and in an update that trains them, what the backward pass
   * makes of the joined ones.
   */
  layerCopies: { used: number; trained: number }
  /** Node, the program, TensorFlow with its threads, and recorded graphs. (bytes) */
  process: number
}

const inParts: Factors = {
  held: { width: 2.5, heads: 4.1, mlp: 2.6, scores: 2.05 },
  logits: { update: 4, entropy: 3, position: 6 },
  cacheCopies: 3.5,
  layerCopies: { used: 2.2, trained: 1.9 },
  process: 510 * 2 ** 20,
}

const fused: Factors = {
  held: { width: 1.7, heads: 4.3, mlp: 0.4, scores: 3.4 },
  // With the entropy the log-probabilities are computed from the logits in parts.
  logits: { update: 1.7, entropy: 5.3, position: 6 },
  cacheCopies: 2,
  layerCopies: { used: 2.05, trained: 0.3 },
  process: 470 * 2 ** 20,
}

export function factorsOf({
  architecture,
  config,
}: {
  architecture: Architecture
  config: Pick<ExperimentConfig, 'engine'>
}): Factors {
  return isFused(architecture, localEngine(config.engine)) ? fused : inParts
}
