/**
 * Programs that share variables. If the session records, they are one TensorFlow graph: `compile` records a
 * function once, and a call runs the graph from the inputs to the outputs. Variables stay on the device. If the
 * session is eager, the functions run operation by operation, and a variable is a tensor.
 *
 * TensorFlow cannot add to a loaded SavedModel. If a program is compiled after the first call, the whole graph
 * is loaded again and the variables are copied. So compile everything that is known to be needed before the
 * first call.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraphDef } from './graph-def.js'
import { backend, type ElementType, elementCode, type Handle } from './native.js'
import { type MatrixType, Recording } from './recording.js'
import { type Tensor, tf } from './tensorflow.js'
import { tidy } from './tidy.js'
import { Variable, type VariableNodes } from './variable.js'

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
}

export class Session {
  readonly recorded: boolean
  readonly #matrices: MatrixType
  readonly #compiled: boolean
  readonly #graph = new GraphDef()
  readonly #variables = new Map<string, Variable>()
  /** Handle of the loaded SavedModel; null before the first call. */
  #loaded: number | null = null
  /** Whether a program or variable was added since the graph was loaded. */
  #stale = true
  #disposed = false

  constructor({ recorded, matrices = 'float32', compiled = false }: SessionOptions) {
    this.recorded = recorded
    this.#matrices = matrices
    this.#compiled = compiled
  }

  /** A variable of zeros. If `shape` is null, it takes the shape of each assigned value. */
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
    const variable = new Variable({ name, type, nodes, initial: tf.keep(tf.zeros([...(shape ?? [0])], type)) })
    this.#variables.set(name, variable)
    this.#stale = true
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
    this.#stale = true
    return (...tensors) => this.#run(program, tensors)
  }

  /** Sets variables. The tensors stay the caller's. On the CPU nothing is copied. */
  assign(values: ReadonlyMap<Variable, Tensor>): void {
    if (values.size === 0) return
    if (!this.recorded || this.#loaded === null) {
      for (const [variable, value] of values) variable.stage(value)
      return
    }
    this.#load()
    this.#feed(values)
  }

  /** The variables' values. The caller disposes of them. */
  read(variables: readonly Variable[]): Tensor[] {
    if (variables.length === 0) return []
    if (!this.recorded || this.#loaded === null) return variables.map(variable => variable.staged().clone())
    this.#load()
    return this.#call(
      [],
      [],
      variables.map(({ nodes }) => (nodes as VariableNodes).read),
    )
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    if (this.#loaded !== null) backend().binding.deleteSavedModel(this.#loaded)
    this.#loaded = null
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
    const graph = this.#graph
    const { binding } = backend()
    const recording = new Recording({ graph, name, matrices: this.#matrices, compiled: this.#compiled })
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
    return { inputs: placeholders, outputs: [this.#done(recording.effects), ...outputs] }
  }

  /** An output that is computed after the effects. */
  #done(effects: readonly string[]): string {
    const { binding } = backend()
    const one = this.#graph.constant({ shape: [], dtype: binding.TF_INT32, values: [0] })
    const attributes = [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 }]
    return `${this.#graph.add({ op: 'Identity', inputs: [one], after: effects, attributes })}:0`
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
    const graph = this.#graph
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
    graph.typed(handle, 20)
    const read = graph.typed(
      `${graph.add({ op: 'ReadVariableOp', inputs: [handle], attributes: [attribute] })}:0`,
      dtype,
    )
    const feed = graph.typed(`${graph.add({ op: 'Placeholder', attributes: [attribute] })}:0`, dtype)
    const assign = graph.add({ op: 'AssignVariableOp', inputs: [handle, feed], attributes: [attribute] })
    return { handle, read, feed, assigned: this.#done([assign]) }
  }

  #run(program: Recorded, tensors: readonly Tensor[]): Tensor[] {
    this.#load()
    const [done, ...outputs] = this.#call(tensors, program.inputs, program.outputs)
    done?.dispose()
    return outputs
  }

  #call(tensors: readonly Tensor[], inputs: readonly string[], outputs: readonly string[]): Tensor[] {
    const home = backend()
    const ids = home.getInputTensorIds(tensors)
    const made = home.binding.runSavedModel(this.#loaded as number, ids, inputs.join(), outputs.join())
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

  /** Loads the graph if it has grown, and copies the variables into it. */
  #load(): void {
    if (this.#disposed) throw new TypeError('the session has been disposed of')
    if (!this.#stale) return
    const all = [...this.#variables.values()]
    const before = this.#loaded
    if (before !== null) {
      const moved = all.filter(variable => !variable.isStaged)
      const values =
        moved.length === 0
          ? []
          : this.#call(
              [],
              [],
              moved.map(({ nodes }) => (nodes as VariableNodes).read),
            )
      for (const [index, variable] of moved.entries()) {
        const value = values[index] as Tensor
        variable.stage(value)
        value.dispose()
      }
      backend().binding.deleteSavedModel(before)
    }
    const folder = mkdtempSync(join(tmpdir(), 'rlev-graph-'))
    try {
      this.#graph.write(folder)
      this.#loaded = backend().binding.loadSavedModel(folder, 'serve')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    this.#stale = false
    this.#feed(new Map(all.map(variable => [variable, variable.staged()])))
    for (const variable of all) variable.unstage()
  }
}
