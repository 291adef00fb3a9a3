/** Whether TensorFlow computes on a card in this process; the binding says so once it is loaded. */
import { tf } from './tensorflow.js'

export function computesOnCard(): boolean {
  return (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true
}
