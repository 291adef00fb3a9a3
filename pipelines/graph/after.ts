/**
 * Tensors that are not to be used before another one is there. TensorFlow otherwise runs whatever it can, and computes what
 * is written twice only once; eager execution follows the order of the calls anyway.
 */

import { backend, elementCode } from './native.js'
import { activeRecording } from './recording.js'
import type { Tensor } from './tensorflow.js'

export function after(tensors: readonly Tensor[], first: Tensor): Tensor[] {
  const recording = activeRecording()
  if (recording === null) return [...tensors]
  const { binding } = backend()
  return tensors.map(tensor => {
    const type = elementCode(tensor.dtype as 'float32')
    const node = recording.graph.add({
      op: 'Identity',
      inputs: [recording.outputOf(tensor)],
      after: [recording.outputOf(first)],
      attributes: [{ name: 'T', type: binding.TF_ATTR_TYPE, value: type }],
      frame: recording.frame,
    })
    return recording.stand({ shape: tensor.shape, output: `${node}:0`, type })
  })
}
