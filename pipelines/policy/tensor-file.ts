/** Between tensors on the device and the arrays of a safetensors file. */
import { RlevError } from '../errors.js'
import type { TensorData } from './safetensors.js'
import { type Tensor, tf } from './tensorflow.js'

export async function readTensors(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, TensorData>> {
  const read = new Map<string, TensorData>()
  for (const [name, tensor] of tensors) {
    read.set(name, { shape: tensor.shape, values: (await tensor.data()) as Float32Array })
  }
  return read
}

/** The tensors that `shapes` names, put on the device; one that is missing or of another shape is refused by name. */
export function tensorsOnDevice({
  tensors,
  shapes,
  place,
}: {
  tensors: ReadonlyMap<string, TensorData>
  shapes: ReadonlyMap<string, readonly number[]>
  place: string
}): Map<string, Tensor> {
  for (const [name, shape] of shapes) {
    const found = tensors.get(name)?.shape
    if (found !== undefined && found.join() === shape.join()) continue
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: found === undefined ? `tensor ${name} is missing` : `tensor ${name} has the wrong shape`,
      place,
      expected: `[${shape.join(', ')}]`,
      ...(found === undefined ? {} : { found: `[${found.join(', ')}]` }),
      remedy: 'the weights do not fit config.json; use the files of one checkpoint',
    })
  }
  return new Map(
    [...shapes].map(([name, shape]) => [name, tf.tensor((tensors.get(name) as TensorData).values, [...shape])]),
  )
}
