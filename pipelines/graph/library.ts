/**
 * What TensorFlow computes on in this process. The same code gives other bits on another version of the
 * library, or on a GPU in place of a CPU.
 */
import { backend } from './native.js'
import { tf } from './tensorflow.js'

export function computesOnGpu(): boolean {
  return (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true
}

/** `TensorFlow 2.21.0 on the processor, tfjs 4.22.0, Node 20`. Runs keep this text, so it must not change. */
export function libraryOfThisProcess(): string {
  const { TF_Version: tensorflow } = backend().binding
  const node = process.versions.node.split('.')[0]
  const where = computesOnGpu() ? 'a card' : 'the processor'
  return `TensorFlow ${tensorflow} on ${where}, tfjs ${tf.version.tfjs}, Node ${node}`
}
