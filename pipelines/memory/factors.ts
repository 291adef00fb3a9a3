/**
 * How many tensors of each kind exist at the same time, measured as the growth of resident memory with each row, layer and width, and
 * rounded (docs/memory.md). They differ by how the policy's operations are computed (model/sizes.ts), and by the type of matrix products.
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
   * Copies of the layers' matrices: projections joined; with an adapter, what it is added with for sampling; and in an update that trains
   * them, what the backward pass makes of the joined ones.
   */
  layerCopies: { used: number; adapted: number; trained: number }
  /** Copies of a packed head, in numbers of float32. */
  headCopies: number
  /** Node, the program, TensorFlow with its threads, and recorded graphs. (bytes) */
  process: number
}

const inParts: Factors = {
  held: { width: 2.5, heads: 4.1, mlp: 2.6, scores: 2.05 },
  logits: { update: 4, entropy: 3, position: 6 },
  cacheCopies: 3.5,
  layerCopies: { used: 2.2, adapted: 0, trained: 1.9 },
  headCopies: 1,
  process: 510 * 2 ** 20,
}

const fused: Factors = {
  held: { width: 0.5, heads: 1.9, mlp: 0.2, scores: 4.4 },
  // With the entropy the log-probabilities are computed from the logits in parts.
  logits: { update: 0.5, entropy: 6.5, position: 6 },
  cacheCopies: 2,
  layerCopies: { used: 2.14, adapted: 1.6, trained: 0 },
  headCopies: 1,
  process: 494 * 2 ** 20,
}

/** Of the numbers that products multiply only those in bfloat16 are kept. Everything else is of float32. */
const fusedNarrow: Factors = {
  ...fused,
  held: { width: 0.5, heads: 1.5, mlp: 0.2, scores: 3.4 },
  layerCopies: { used: 1.78, adapted: 1.6, trained: 0 },
  headCopies: 0.5,
}

export function factorsOf({
  architecture,
  config,
}: {
  architecture: Architecture
  config: Pick<ExperimentConfig, 'engine'>
}): Factors {
  const engine = localEngine(config.engine)
  if (!isFused(architecture, engine)) return inParts
  return engine.mode === 'recorded' && engine.matrices === 'bfloat16' ? fusedNarrow : fused
}
