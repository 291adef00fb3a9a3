/**
 * A low-rank adapter (LoRA, Hu et al. 2021). The weight W of some linear projections stays fixed, and the
 * product of two narrow matrices is learned beside it: y = x W^T + (alpha / rank) (x A^T) B^T. Only A and B
 * have optimizer state. Initial values are PEFT's: A uniform in [-1, 1] / sqrt(in) (Kaiming uniform with a =
 * sqrt 5), B zero, so that a fresh adapter changes nothing. Unlike PEFT's, the random numbers are
 * counter-based, and there is no dropout.
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
  /** `model.layers.0.self_attn.q_proj.lora_A.weight` [rank, in], `....lora_B.weight` [out, rank]. */
  tensors: DeviceTensors
}

/**
 * Equal seeds give equal bits. A tensor's values depend on its position in the architecture, not on the other
 * targets. Throws ConfigInvalid if the rank exceeds the width. The config's own checks do not know the width of
 * a checkpoint.
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
    const values = Float32Array.from(
      { length: rows * columns },
      (_, element) => bound * (2 * uniform(index, element) - 1),
    )
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
    message: 'the rank of the adapter exceeds the width of the policy',
    place: 'update.adapter.rank',
    expected: `at most ${width}`,
    found: String(rank),
    remedy: 'lower update.adapter.rank, or train the weights with update.adapter: null',
  })
}
