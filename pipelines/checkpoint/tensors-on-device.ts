/** Loads tensors of safetensors files to the device. */
import { backend } from '../graph/native.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import { readTensors, type TensorsOfFile } from './safetensors-reader.js'

/**
 * Tensors by name. The caller disposes of them. They are loaded one after the other, so that there is no second
 * copy of all.
 */
export async function tensorsOnDevice(files: readonly TensorsOfFile[]): Promise<Map<string, Tensor>> {
  const loaded = new Map<string, Tensor>()
  try {
    for (const file of files) {
      for await (const { name, shape, values } of readTensors(file)) {
        const tensor = tf.tensor(values, [...shape])
        loaded.set(name, tensor)
        // Copies the values to the device now. Otherwise the tensor would keep its array until it is first used.
        backend().getInputTensorIds([tensor])
      }
    }
  } catch (error) {
    tf.dispose([...loaded.values()])
    throw error
  }
  return loaded
}
