/**
 * Gradient checkpointing (Chen et al. 2016): the intermediate tensors of a function are not kept for the
 * backward pass but computed again in it. Less memory, for one more forward pass.
 */
import { backend, elementCode } from './native.js'
import { activeRecording } from './recording.js'
import { type Tensor, tf } from './tensorflow.js'

/**
 * Runs `run` on inputs, which get a gradient, and constants, which do not. `run` may use no other tensors: they
 * would not live until the backward pass.
 */
export function recomputed({
  inputs,
  constants,
  run,
}: {
  inputs: readonly Tensor[]
  constants: readonly Tensor[]
  run: (inputs: readonly Tensor[], constants: readonly Tensor[]) => Tensor
}): Tensor {
  const forward = tf.customGrad(((...given: unknown[]) => {
    const tensors = given.slice(0, -1) as Tensor[]
    const save = given.at(-1) as (saved: Tensor[]) => void
    save([...tensors, ...constants])
    return {
      value: run(tensors, constants),
      gradFunc: (gradient: Tensor, saved: Tensor[]) => {
        const fresh = availableAfter(saved, gradient)
        const fixed = fresh.slice(inputs.length)
        const again = fresh.slice(0, inputs.length)
        return gradientsWithin(() => run(again, fixed), again, gradient).map(
          (found, index) => found ?? tf.zerosLike(again[index] as Tensor),
        )
      },
    }
  }) as never) as unknown as (...inputs: Tensor[]) => Tensor
  return forward(...inputs)
}

/**
 * The tensors, usable only after `first` is computed. Without that TensorFlow would compute early what is to be
 * computed again, or find that it is the same as in the forward pass and keep that. Eager execution follows the
 * order of the calls anyway.
 */
function availableAfter(tensors: readonly Tensor[], first: Tensor): Tensor[] {
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

/**
 * As tf.grads, with two differences: it works inside the backward pass of another gradient, whose tape tfjs
 * would drop, and gives null for inputs that the function does not use.
 */
export function gradientsWithin(run: () => Tensor, inputs: Tensor[], gradient: Tensor): (Tensor | null)[] {
  const engine = tf.engine()
  const outer = engine.state.activeTape
  if (outer === undefined) throw new TypeError('recomputed layers need the state of tfjs-core 4')
  const { grads } = engine.gradients(run, inputs, gradient, true)
  engine.state.activeTape = outer
  return grads.map(found => found ?? null)
}
