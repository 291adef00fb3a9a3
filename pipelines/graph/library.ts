/** What the policy computes on in this process: the same code on another library, or on a card instead of a processor, gives other bits. */
import { computesOnCard } from './card.js'
import { backend } from './native.js'
import { tf } from './tensorflow.js'

/** `TensorFlow 2.21.0 on the processor, tfjs 4.22.0, Node 20`. */
export function libraryOfThisProcess(): string {
  const { TF_Version: tensorflow } = backend().binding
  const node = process.versions.node.split('.')[0]
  const where = computesOnCard() ? 'a card' : 'the processor'
  return `TensorFlow ${tensorflow} on ${where}, tfjs ${tf.version.tfjs}, Node ${node}`
}
