/**
 * Gradient checkpointing: what a function made on the way to its result is not kept for the backward pass but made again in it,
 * once the gradient that asks for it is there (Chen et al. 2016). Less memory, and one more forward pass.
 */
import { after } from './after.js'
import { type Tensor, tf } from './tensorflow.js'

/**
 * `run` on tensors that get a gradient and on others that do not. It may use no other tensors: they would not live until the
 * backward pass.
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
        const fresh = after(saved, gradient)
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
 * As tf.grads, but inside the backward pass of another one, whose tape tfjs would drop, and for functions that do not use all
 * of their inputs: null for those.
 */
function gradientsWithin(run: () => Tensor, inputs: Tensor[], gradient: Tensor): (Tensor | null)[] {
  const engine = tf.engine()
  const outer = engine.state.activeTape
  if (outer === undefined) throw new TypeError('recomputed layers need the state of tfjs-core 4')
  const { grads } = engine.gradients(run, inputs, gradient, true)
  engine.state.activeTape = outer
  return grads
}
