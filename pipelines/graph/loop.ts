/**
 * A loop over tensors: `body` maps the state to the next state while `condition` is true. Recorded, it is a
 * loop in the graph, and `body` is called once. Eager, it is a loop on the host, which reads the condition in
 * every iteration. It has no gradient.
 */

import { backend } from './native.js'
import { activeRecording, type Recording } from './recording.js'
import type { Tensor } from './tensorflow.js'
import { tidy } from './tidy.js'

interface LoopOptions {
  state: readonly Tensor[]
  /** [] bool */
  condition: (...state: Tensor[]) => Tensor
  /** Returns as many tensors as the state has, of the same shapes. */
  body: (...state: Tensor[]) => readonly Tensor[]
}

/** The state after the last iteration. */
export function loop(options: LoopOptions): Tensor[] {
  const recording = activeRecording()
  return recording === null ? eagerLoop(options) : recordedLoop(recording, options)
}

function eagerLoop({ state, condition, body }: LoopOptions): Tensor[] {
  let current = state.map(tensor => tensor.clone())
  for (;;) {
    const more = tidy(() => condition(...current))
    const [goes] = more.dataSync()
    more.dispose()
    if (!goes) return current
    const before = current
    current = tidy(() => [...body(...before)])
    for (const tensor of before) if (!current.includes(tensor)) tensor.dispose()
  }
}

function recordedLoop(recording: Recording, { state, condition, body }: LoopOptions): Tensor[] {
  const { graph } = recording
  const { binding } = backend()
  const outer = recording.frame
  const frame = graph.frame(outer)
  const types = state.map(codeOf)
  const attribute = (value: number) => [{ name: 'T', type: binding.TF_ATTR_TYPE, value }]
  const merges = state.map((tensor, index) => {
    const type = types[index] as number
    const enter = graph.enter({ input: recording.outputOf(tensor), type, frame, constant: false })
    const merge = graph.merge({ enter, type, frame })
    graph.typed(merge.name, type)
    return merge
  })
  recording.frame = frame
  const stand = (output: string, index: number) =>
    recording.stand({ shape: state[index]?.shape ?? [], output, type: types[index] as number })
  const goesOn = recording.outputOf(condition(...merges.map(({ name }, index) => stand(name, index))))
  const gate = graph.typed(`${graph.add({ op: 'LoopCond', inputs: [goesOn], frame })}:0`, binding.TF_BOOL)
  const switches = merges.map(({ name }, index) =>
    graph.add({ op: 'Switch', inputs: [name, gate], attributes: attribute(types[index] as number), frame }),
  )
  const next = body(...switches.map((node, index) => stand(`${node}:1`, index)))
  for (const [index, tensor] of next.entries()) {
    const was = state[index]
    if (was === undefined || was.shape.join() !== tensor.shape.join()) {
      throw new TypeError(`a loop's state ${index} became [${tensor.shape}] from [${was?.shape}]`)
    }
    const back = graph.add({
      op: 'NextIteration',
      inputs: [recording.outputOf(tensor)],
      attributes: attribute(types[index] as number),
      frame,
    })
    merges[index]?.close(`${back}:0`)
  }
  recording.frame = outer
  return switches.map((node, index) => {
    // The Exit node is in the loop's frame, its output outside.
    const exit = graph.exit({ input: `${node}:0`, type: types[index] as number, frame })
    return stand(exit, index)
  })
}

function codeOf({ dtype }: Tensor): number {
  const { binding } = backend()
  if (dtype === 'float32') return binding.TF_FLOAT
  if (dtype === 'int32') return binding.TF_INT32
  if (dtype === 'bool') return binding.TF_BOOL
  throw new TypeError(`a loop's state cannot be ${dtype}`)
}
