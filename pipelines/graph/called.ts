/**
 * What is computed alike many times, such as the layers of a decoder, as a function in the graph: recorded once,
 * prepared by TensorFlow once, and called many times. Its gradient is a function too. Without a recording, and
 * where XLA compiles the whole graph, the parts are computed in place.
 */
import type { FunctionLibrary, GraphFunction, Source } from './function-library.js'
import { FunctionRecording } from './function-recording.js'
import { functionAttribute } from './graph-def.js'
import { backend } from './native.js'
import { gradientsWithin, recomputed } from './recomputed.js'
import { activeRecording, type MatrixType, type Recording } from './recording.js'
import { type Tensor, tf } from './tensorflow.js'
import { tidy } from './tidy.js'

interface CalledOptions {
  /** Says, with the shapes of the tensors, what `run` computes. */
  name: string
  /** Shapes of the values. */
  shapes: readonly (readonly number[])[]
  /** They get a gradient. */
  inputs: readonly Tensor[]
  /** They get none. */
  constants?: readonly Tensor[]
  /** Uses no other tensors from outside. Gives float32. */
  run: (inputs: readonly Tensor[], constants: readonly Tensor[]) => readonly Tensor[]
  /** Compute it again in the backward pass (recomputed.ts). */
  checkpointing?: boolean
}

/** The values. Each has its own backward pass. */
export function called(options: CalledOptions): Tensor[] {
  const { name, shapes, inputs, constants = [], run, checkpointing = false } = options
  const recording = activeRecording()
  const functions = recording?.functions ?? null
  if (recording === null || functions === null) {
    if (!checkpointing) return [...run(inputs, constants)]
    return shapes.map((_, value) =>
      recomputed({ inputs, constants, run: (...given) => run(...given)[value] as Tensor }),
    )
  }
  const home: Home = { functions, matrices: recording.matrices }
  const all = [...inputs, ...constants]
  const key = JSON.stringify([name, inputs.length, all.map(({ shape, dtype }) => [dtype, shape])])
  // Now, because the tensors may be gone before the backward pass.
  const given = all.map(tensor => recording.outputOf(tensor))
  const float = backend().binding.TF_FLOAT
  if (tf.engine().state.gradientDepth === 0 || inputs.length === 0) {
    const alone = functions.of(`${key} alone`, () => forwardAlone(home, options))
    const outputs = callWith(recording, alone, { given })
    return shapes.map((shape, index) => recording.stand({ shape, output: outputs[index] as string, type: float }))
  }
  const made = functions.of(`${key} ${checkpointing}`, () =>
    checkpointing ? withRecomputation(home, options) : withGradients(home, options),
  )
  const outputs = callWith(recording, made.forward, { given })
  const kept = new Map(made.kept.map((output, index) => [output, outputs[index] as string]))
  return made.backwards.map(({ backward, gradients }, index) => {
    const differentiable = tf.customGrad((() => ({
      value: recording.stand({ shape: shapes[index] ?? [], output: outputs[index] as string, type: float }),
      gradFunc: (gradient: Tensor) =>
        callWith(recording, backward, { given, kept, gradient }).map((output, place) =>
          recording.stand({ shape: inputs[gradients[place] as number]?.shape ?? [], output, type: float }),
        ),
    })) as never) as unknown as (...over: Tensor[]) => Tensor
    return differentiable(...gradients.map(place => inputs[place] as Tensor))
  })
}

function callWith(
  recording: Recording,
  called: GraphFunction,
  from: { given: readonly string[]; kept?: ReadonlyMap<string, string>; gradient?: Tensor },
): string[] {
  const { given, kept, gradient } = from
  const output = (source: Source): string => {
    if (source.from === 'gradient') return recording.outputOf(gradient as Tensor)
    if (source.from === 'forward') return kept?.get(source.output) as string
    const argument = given[source.index] as string
    return source.rounded && recording.narrow !== null ? recording.narrow.roundedOf(argument) : argument
  }
  return call(recording, called, called.inputs.map(output))
}

/** Calls a function: its outputs in the graph that is recorded. */
function call(recording: Recording, { name, takes, gives }: GraphFunction, inputs: readonly string[]): string[] {
  const { TF_ATTR_TYPE: type } = backend().binding
  const { graph, frame } = recording
  const node = graph.add({
    op: 'PartitionedCall',
    inputs,
    attributes: [
      { name: 'Tin', type, value: takes },
      { name: 'Tout', type, value: gives },
      { name: 'f', type: functionAttribute, value: name },
    ],
    frame,
  })
  return gives.map((code, index) => graph.typed(`${node}:${index}`, code))
}

/** Where functions are kept, and the type of their matrix products. */
interface Home {
  functions: FunctionLibrary
  matrices: MatrixType
}

interface Differentiable {
  forward: GraphFunction
  /** The outputs of the forward function, as its body names them: the values, then what the backward functions need. */
  kept: readonly string[]
  /** By value. */
  backwards: readonly Backward[]
}

interface Backward {
  backward: GraphFunction
  /** Which inputs its outputs are the gradients of: those that the value depends on. */
  gradients: readonly number[]
}

const bodyOf = ({ matrices }: Home, { name }: CalledOptions, forward: FunctionRecording | null = null) =>
  new FunctionRecording({ name, matrices, compiled: false }, forward)

function argumentsOf(body: FunctionRecording, { inputs, constants = [] }: CalledOptions) {
  const all = [...inputs, ...constants].map((tensor, index) => body.argument(tensor, index))
  return { own: all.slice(0, inputs.length), fixed: all.slice(inputs.length) }
}

function forwardAlone(home: Home, options: CalledOptions): GraphFunction {
  const body = bodyOf(home, options)
  const outputs = body.record(() =>
    tidy(() => {
      const { own, fixed } = argumentsOf(body, options)
      return checked(options.run(own, fixed), options).map(value => body.result(value))
    }),
  )
  return home.functions.add(body, outputs)
}

/** The backward functions take what they need of the forward function's body as inputs. */
function withGradients(home: Home, options: CalledOptions): Differentiable {
  const forward = bodyOf(home, options)
  return tidy(() => {
    const { own, fixed } = argumentsOf(forward, options)
    let values: readonly Tensor[] | null = null
    const bodies = options.shapes.map((shape, index) => {
      const body = bodyOf(home, options, forward)
      let end = forward.begin()
      const value = (): Tensor => {
        values ??= checked(options.run(own, fixed), options).map(made => tf.keep(made))
        end()
        end = body.begin()
        return values[index] as Tensor
      }
      try {
        return { body, ...outputsOf(body, gradientsWithin(value, own, gradientStand(body, shape))) }
      } finally {
        end()
      }
    })
    const results = ((values ?? []) as readonly Tensor[]).map(value => {
      const output = forward.result(value)
      value.dispose()
      return output
    })
    const needed = bodies.flatMap(({ body }) =>
      body.inputs.flatMap(({ source }) => (source.from === 'forward' ? [source.output] : [])),
    )
    const kept = [...results, ...new Set(needed.filter(output => !results.includes(output)))]
    return {
      forward: home.functions.add(forward, kept),
      kept,
      backwards: bodies.map(({ body, outputs, gradients }) => ({
        backward: home.functions.add(body, outputs),
        gradients,
      })),
    }
  })
}

/** The backward functions compute the forward function again. */
function withRecomputation(home: Home, options: CalledOptions): Differentiable {
  const backwards = options.shapes.map((shape, index): Backward => {
    const body = bodyOf(home, options)
    const { outputs, gradients } = body.record(() =>
      tidy(() => {
        const { own, fixed } = argumentsOf(body, options)
        const value = () => options.run(own, fixed)[index] as Tensor
        return outputsOf(body, gradientsWithin(value, own, gradientStand(body, shape)))
      }),
    )
    return { backward: home.functions.add(body, outputs), gradients }
  })
  return { forward: forwardAlone(home, options), kept: [], backwards }
}

function gradientStand(body: FunctionRecording, shape: readonly number[]): Tensor {
  const type = backend().binding.TF_FLOAT
  return body.stand({ shape, output: body.input({ from: 'gradient' }, type, shape), type })
}

function outputsOf(
  body: FunctionRecording,
  found: readonly (Tensor | null)[],
): { gradients: number[]; outputs: string[] } {
  const some = found.flatMap((tensor, index) => (tensor === null ? [] : [{ tensor, index }]))
  return { gradients: some.map(({ index }) => index), outputs: some.map(({ tensor }) => body.result(tensor)) }
}

function checked(values: readonly Tensor[], { name, shapes }: CalledOptions): readonly Tensor[] {
  const found = values.map(({ dtype, shape }) => `${dtype} [${shape}]`).join()
  const expected = shapes.map(shape => `float32 [${shape}]`).join()
  if (found === expected) return values
  throw new TypeError(`${name} gives ${found} and not ${expected}`)
}
