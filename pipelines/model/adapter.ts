/**
 * A low-rank adapter (LoRA, Hu et al. 2021): the weight W of some linear projections stays as it is, and a product of two
 * narrow matrices is learned beside it, y = x W^T + (alpha / rank) (x A^T) B^T. Optimizer state then exists for A and B only.
 * Initial values as PEFT's: A uniform in [-1, 1] / sqrt(in) (its Kaiming uniform with a = sqrt 5), B zero, so that the
 * adapter starts as no change at all. It differs from PEFT in its randomness, which is counter-based, and has no dropout.
 *
 * Shapes: A [rank, in], B [out, rank], W [out, in].
 */
import { RlevError } from '../errors.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import { stream } from '../random.js'
import { type AdapterSettings, adapterShapes, adapterTargets } from './adapter-shapes.js'
import type { Architecture } from './architecture.js'

export interface Adapter extends AdapterSettings {
  /** `model.layers.0.self_attn.q_proj.lora_A.weight` [rank, in], `....lora_B.weight` [out, rank]; an update replaces them. */
  tensors: DeviceTensors
}

/**
 * Equal seeds give equal bits, and a tensor's values depend on its place in the architecture, not on the other targets.
 * Throws ConfigInvalid for a rank above the width, which of a checkpoint only its own config.json says.
 */
export function createAdapter({
  architecture,
  rank,
  alpha,
  targets,
  seed,
}: AdapterSettings & { architecture: Architecture; seed: number }): Adapter {
  if (rank > architecture.width) throw rankAboveWidth(rank, architecture.width)
  const { uniform } = stream(seed, 'initial adapter')
  const indices = new Map(
    [...adapterShapes(architecture, { rank, targets: adapterTargets }).keys()].map((name, index) => [name, index]),
  )
  const tensors = new Map<string, Tensor>()
  for (const [name, shape] of adapterShapes(architecture, { rank, targets })) {
    const [rows, columns] = shape
    if (name.endsWith('lora_B.weight')) {
      tensors.set(name, tf.zeros(shape))
      continue
    }
    const index = indices.get(name) as number
    const bound = 1 / Math.sqrt(columns)
    const values = Float32Array.from({ length: rows * columns }, (_, place) => bound * (2 * uniform(index, place) - 1))
    tensors.set(name, tf.tensor(values, shape))
  }
  return { rank, alpha, targets, tensors: new DeviceTensors(tensors) }
}

export function disposeAdapter({ tensors }: Adapter): void {
  tensors.dispose()
}

function rankAboveWidth(rank: number, width: number): RlevError {
  return new RlevError({
    kind: 'ConfigInvalid',
    message: 'the rank of the adapter is above the width of the policy',
    place: 'update.adapter.rank',
    expected: `at most ${width}`,
    found: String(rank),
    remedy: 'lower update.adapter.rank, or train the weights with update.adapter: null',
  })
}
