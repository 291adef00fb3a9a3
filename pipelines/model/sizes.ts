/**
 * The sizes from which on policies are computed in another way. They are apart from what computes, because the estimate of memory
 * needs them without TensorFlow, which takes half a second to load.
 */
import type { EngineConfig } from '../config/schema.js'
import type { Architecture } from './architecture.js'

/** Numbers of a matrix from which on it is packed for sampling. With smaller ones nothing is gained (docs/performance.md). */
export const packedFrom = 2 ** 18

/**
 * Numbers of a layer's gate and up matrices from which on norms, gates, rotations, log-probabilities and attention while sampling are
 * single operations. Smaller policies keep the bits that they have with TensorFlow's.
 */
const fusedFrom = 2 ** 16

/** Whether such policies are computed so, if the processor can. XLA compiles TensorFlow's operations only. */
export const isFused = (
  { width, mlpWidth }: Pick<Architecture, 'width' | 'mlpWidth'>,
  { xla }: Pick<EngineConfig, 'xla'>,
): boolean => 2 * width * mlpWidth >= fusedFrom && !xla
