/**
 * Programs that share variables. If the session records, they are one TensorFlow graph: `compile` records a
 * function once, and a call runs the graph from the inputs to the outputs. Variables stay on the device. The
 * graph grows by a piece for each program, and what was there stays as it is. If the session is eager, the
 * functions run operation by operation, and a variable is a tensor.
 */
import { RlevError } from '../errors.js'
import { FunctionLibrary } from './function-library.js'
import { GraphDef } from './graph-def.js'
import { backend, type ElementType, elementCode, type Handle } from './native.js'
import { activeRecording, type MatrixType, Recording } from './recording.js'
import { type Tensor, tf } from './tensorflow.js'
import { tidy } from './tidy.js'
import { resource, Variable, type VariableNodes } from './variable.js'

interface SessionOptions {
  /** false: operation by operation. */
  recorded: boolean
  /** Type of the matrix products of recorded programs. */
  matrices?: MatrixType
  /** Whether XLA compiles recorded programs. */
  compiled?: boolean
}

export interface Input {
  shape: readonly number[]
  type?: ElementType
}

/** The caller disposes of the outputs. */
export type Program = (...inputs: Tensor[]) => Tensor[]

interface Recorded {
  inputs: readonly string[]
  outputs: readonly string[]
  variables: readonly Variable[]
}

/**
 * ConfigProto {graph_options {place_pruned_graph: true}}: preparing a program takes time for its own nodes, not
 * for all nodes of the graph. TensorFlow's rewriting of graphs is left out then, except in functions (called.ts),
 * where it is done once for all calls.
 */
const config = Uint8Array.of(0x52, 2, 0x30, 1)

export class Session {
  readonly recorded: boolean
  readonly #matrices: MatrixType
  readonly #compiled: boolean
  readonly #variables = new Map<string, Variable>()
  /** TensorFlow's session; null before the first call. */
  #native: number | null = null
  /** Pieces of the graph that TensorFlow's session does not have yet: of programs, and one of variables. */
  readonly #pieces: GraphDef[] = []
  #variablePiece: GraphDef | null = null
  /** null if XLA compiles programs, which it does best whole. */
  readonly #functions: FunctionLibrary | null
  #pieceCount = 0
  #disposed = false

  constructor({ recorded, matrices = 'float32', compiled = false }: SessionOptions) {
    this.recorded = recorded
    this.#matrices = matrices
    this.#compiled = compiled
    this.#functions = compiled ? null : new FunctionLibrary()
  }

  /** A variable of zeros. If `shape` is null, it has no value at first, and takes the shape of each assigned one. */
  variable({
    name,
    shape,
    type = 'float32',
  }: {
    name: string
    shape: readonly number[] | null
    type?: ElementType
  }): Variable {
    if (this.#variables.has(name)) throw new TypeError(`the session already has a variable ${name}`)
    const dtype = elementCode(type)
    const nodes = this.recorded ? this.#variableNodes({ name, shape, dtype }) : null
    const variable = new Variable({ name, type, nodes, shape })
    this.#variables.set(name, variable)
    return variable
  }

  compile({
    name,
    inputs,
    run,
  }: {
    name: string
    inputs: readonly Input[]
    run: (...inputs: Tensor[]) => readonly Tensor[]
  }): Program {
    if (!this.recorded) return (...tensors) => tidy(() => [...run(...tensors)])
    const program = this.#record({ name, inputs, run })
    return (...tensors) => this.#run(program, tensors)
  }

  /** Sets variables. The tensors stay the caller's. On the CPU nothing is copied. */
  assign(values: ReadonlyMap<Variable, Tensor>): void {
    const moved = new Map<Variable, Tensor>()
    for (const [variable, value] of values) {
      if (!this.recorded || variable.isStaged) variable.stage(value)
      else moved.set(variable, value)
    }
    if (moved.size === 0) return
    this.#grow()
    this.#feed(moved)
  }

  /** The variables' values. The caller disposes of them. */
  read(variables: readonly Variable[]): Tensor[] {
    const moved = this.recorded ? variables.filter(({ isStaged }) => !isStaged) : []
    const values = new Map<Variable, Tensor>()
    if (moved.length > 0) {
      this.#grow()
      const made = this.#call(
        [],
        [],
        moved.map(({ nodes }) => (nodes as VariableNodes).read),
      )
      for (const [index, variable] of moved.entries()) values.set(variable, made[index] as Tensor)
    }
    return variables.map(variable => values.get(variable) ?? variable.staged().clone())
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    if (this.#native !== null) backend().binding.deleteSavedModel(this.#native)
    this.#native = null
    for (const variable of this.#variables.values()) variable.unstage()
  }

  #record({
    name,
    inputs,
    run,
  }: {
    name: string
    inputs: readonly Input[]
    run: (...inputs: Tensor[]) => readonly Tensor[]
  }): Recorded {
    const graph = this.#piece()
    const { binding } = backend()
    if (activeRecording() !== null) throw new TypeError(`${name} is compiled while another program is`)
    const settings = { matrices: this.#matrices, compiled: this.#compiled, functions: this.#functions }
    const recording = new Recording({ graph, name, ...settings })
    const placeholders = inputs.map(({ type = 'float32' }) => {
      const dtype = elementCode(type)
      const attributes = [{ name: 'dtype', type: binding.TF_ATTR_TYPE, value: dtype }]
      return graph.typed(`${graph.add({ op: 'Placeholder', attributes })}:0`, dtype)
    })
    const outputs: string[] = []
    recording.record(() =>
      tidy(() => {
        const stands = inputs.map(({ shape, type = 'float32' }, index) =>
          recording.stand({ shape, output: placeholders[index] as string, type: elementCode(type) }),
        )
        for (const tensor of run(...stands)) outputs.push(recording.outputOf(tensor))
      }),
    )
    outputs.unshift(doneAfter(graph, recording.effects))
    this.#pieces.push(graph)
    const variables = [...recording.variables].map(name => this.#variables.get(name) as Variable)
    return { inputs: placeholders, outputs, variables }
  }

  #piece(): GraphDef {
    return new GraphDef(`piece_${this.#pieceCount++}`)
  }

  #variableNodes({
    name,
    shape,
    dtype,
  }: {
    name: string
    shape: readonly number[] | null
    dtype: number
  }): VariableNodes {
    this.#variablePiece ??= this.#piece()
    const graph = this.#variablePiece
    const { TF_ATTR_TYPE: type, TF_ATTR_SHAPE, TF_ATTR_STRING } = backend().binding
    const attribute = { name: 'dtype', type, value: dtype }
    const handle = `${graph.add({
      op: 'VarHandleOp',
      attributes: [
        attribute,
        { name: 'shared_name', type: TF_ATTR_STRING, value: name },
        { name: 'shape', type: TF_ATTR_SHAPE, value: shape },
      ],
    })}:0`
    graph.typed(handle, resource)
    const read = graph.typed(
      `${graph.add({ op: 'ReadVariableOp', inputs: [handle], attributes: [attribute] })}:0`,
      dtype,
    )
    const feed = graph.typed(`${graph.add({ op: 'Placeholder', attributes: [attribute] })}:0`, dtype)
    const assign = graph.add({ op: 'AssignVariableOp', inputs: [handle, feed], attributes: [attribute] })
    return { handle, read, feed, assigned: doneAfter(graph, [assign]) }
  }

  #run(program: Recorded, tensors: readonly Tensor[]): Tensor[] {
    this.#grow()
    const staged = program.variables.filter(({ isStaged }) => isStaged)
    this.#feed(new Map(staged.map(variable => [variable, variable.staged()])))
    for (const variable of staged) variable.unstage()
    const [done, ...outputs] = this.#call(tensors, program.inputs, program.outputs)
    done?.dispose()
    return outputs
  }

  #call(tensors: readonly Tensor[], inputs: readonly string[], outputs: readonly string[]): Tensor[] {
    const home = backend()
    const ids = home.getInputTensorIds(tensors)
    const made = home.binding.runSavedModel(this.#native as number, ids, inputs.join(), outputs.join())
    return made.map((handle: Handle) => home.createOutputTensor(handle))
  }

  #feed(values: ReadonlyMap<Variable, Tensor>): void {
    if (values.size === 0) return
    const nodes = [...values.keys()].map(variable => variable.nodes as VariableNodes)
    tf.dispose(
      this.#call(
        [...values.values()],
        nodes.map(({ feed }) => feed),
        nodes.map(({ assigned }) => assigned),
      ),
    )
  }

  /** Gives TensorFlow's session the pieces that it does not have yet. */
  #grow(): void {
    if (this.#disposed) throw new TypeError('the session has been disposed of')
    const { binding } = backend()
    this.#native ??= newSession()
    // Programs use variables, but not each other.
    const pieces = [...(this.#variablePiece === null ? [] : [this.#variablePiece]), ...this.#pieces.splice(0)]
    this.#variablePiece = null
    for (const { name, graph, inputs, outputs } of this.#functions?.takeFresh() ?? []) {
      binding.addFunction(this.#native, name, graph, inputs.join(), outputs.join())
    }
    for (const piece of pieces) binding.growSession(this.#native, piece.serialized(), [...piece.known].join())
  }
}

function newSession(): number {
  const { binding } = backend()
  if (typeof binding.hasOwnOperations === 'function') return binding.createSession(config)
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the TensorFlow addon is older than this program',
    place: 'node_modules/@tensorflow/tfjs-node-gpu',
    expected: 'an addon with sessions that grow and products of packed matrices',
    found: 'one without',
    remedy: 'call npm run setup',
  })
}

/** An output that is computed after the effects. */
function doneAfter(graph: GraphDef, effects: readonly string[]): string {
  const { binding } = backend()
  const one = graph.constant({ shape: [], dtype: binding.TF_INT32, values: [0] })
  const attributes = [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 }]
  return `${graph.add({ op: 'Identity', inputs: [one], after: effects, attributes })}:0`
}
