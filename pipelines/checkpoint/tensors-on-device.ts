/** From safetensors files to tensors on the device. */
import { backend } from '../graph/native.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import { readTensors, type TensorsOfFile } from './safetensors-reader.js'

/** Tensors by name, the caller's to dispose of; one after the other, so that no second copy of them all is ever held. */
export async function tensorsOnDevice(files: readonly TensorsOfFile[]): Promise<Map<string, Tensor>> {
  const loaded = new Map<string, Tensor>()
  try {
    for (const file of files) {
      for await (const { name, shape, values } of readTensors(file)) {
        const tensor = tf.tensor(values, [...shape])
        loaded.set(name, tensor)
        // A tensor otherwise keeps its array until it is first used, when its values are copied.
        backend().getInputTensorIds([tensor])
      }
    }
  } catch (error) {
    tf.dispose([...loaded.values()])
    throw error
  }
  return loaded
}
