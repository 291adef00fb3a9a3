/**
 * Records what a tfjs function does as a graph. Every tfjs-node kernel, gradients included, ends in one call of
 * the addon's binding. While a function is recorded, another object takes the binding's place: it adds each
 * operation to the graph and returns tensors that have shapes but no values. The function may read shapes, but
 * not values, because the graph will run on other values.
 */
import { RlevError } from '../errors.js'
import type { FunctionLibrary } from './function-library.js'
import type { Frame, GraphDef, NodeOptions } from './graph-def.js'
import { isProduct, NarrowProducts } from './narrow-products.js'
import { type Attribute, type Binding, backend, type Handle } from './native.js'
import { type InputSpec, ShapeInference, type TensorSpec } from './shape-inference.js'
import type { Tensor } from './tensorflow.js'

/** Type of the matrix products. Everything else, weights included, is float32. */
export type MatrixType = 'float32' | 'bfloat16'

/** Kernels of tfjs-node that leave the type of their input out. */
const withoutType = new Set(['ExpandDims', 'Squeeze'])

export interface Constant {
  shape: readonly number[]
  dtype: number
  values: ArrayLike<number>
}

let active: Recording | null = null

/** Handles of tensors without values are negative, for which the backend frees nothing. No two recordings share one. */
let nextHandle = -2

/** One for all recordings: programs of one policy do much alike. Made at the first recording. */
let inference: ShapeInference | null = null

/** The current recording, or null. */
export const activeRecording = (): Recording | null => active

export interface RecordingOptions {
  graph: GraphDef
  name: string
  matrices: MatrixType
  compiled: boolean
  /** null: `called` records in place. */
  functions: FunctionLibrary | null
}

export class Recording {
  readonly graph: GraphDef
  readonly functions: FunctionLibrary | null
  /** The loop that is being recorded. */
  frame: Frame | null = null
  readonly #name: string
  readonly matrices: MatrixType
  readonly #compiled: boolean
  /** Output of the graph by tensor handle. */
  readonly #outputs = new Map<number, string>()
  /** By handle, of tensors without values. */
  readonly #specs = new Map<number, TensorSpec>()
  readonly #constants = new Map<number, Constant>()
  /** null if products are of float32. */
  readonly narrow: NarrowProducts | null
  /** Nodes that the program must run although their outputs are not used. */
  readonly #effects: string[] = []
  /** Names of the variables that it uses. */
  readonly variables = new Set<string>()
  /** By variable: its last assignment, and the node that has read it since. */
  readonly assigned = new Map<string, string>()
  readonly readings = new Map<string, string>()

  constructor({ graph, name, matrices, compiled, functions }: RecordingOptions) {
    this.graph = graph
    this.functions = functions
    this.#name = name
    this.matrices = matrices
    this.#compiled = compiled
    this.narrow =
      matrices === 'float32'
        ? null
        : new NarrowProducts({
            graph,
            add: node => this.#node(node),
            roundedOutside: output => this.roundedOutside(output),
          })
  }

  get effects(): readonly string[] {
    return this.#effects
  }

  effect(node: string): void {
    this.#effects.push(node)
  }

  /** Runs `work` and records it. */
  record<Result>(work: () => Result): Result {
    const end = this.begin()
    try {
      return work()
    } finally {
      end()
    }
  }

  /** Records from now on, until the returned function is called. A recording under way waits meanwhile. */
  begin(): () => void {
    const home = backend()
    const before = { active, binding: home.binding }
    const recorder = this.#recorder(this.#real)
    active = this
    home.binding = recorder
    return () => {
      home.binding = before.binding
      active = before.active
    }
  }

  /** A tensor that stands for an output of the graph. */
  stand({ shape, output, type }: { shape: readonly number[]; output: string; type: number }): Tensor {
    const handle = this.#handle({ shape: [...shape], dtype: type })
    this.#outputs.set(handle.id, this.graph.typed(output, type))
    return backend().createOutputTensor(handle)
  }

  /** The graph's output that a tensor stands for. */
  outputOf(tensor: Tensor): string {
    return this.#output(backend().getInputTensorIds([tensor])[0] as number)
  }

  get #real(): Binding {
    const { binding } = backend()
    return active === null ? binding : (Object.getPrototypeOf(binding) as Binding)
  }

  #recorder(real: Binding): Binding {
    const executeOp: Binding['executeOp'] = (name, attributes, inputs, count) => {
      const known = inputs.map(id => this.#output(id))
      inference ??= new ShapeInference(real)
      const specs = inference.outputs({ name, attributes, inputs: inputs.map(id => this.#input(id)), count })
      const made = specs.map(spec => this.#handle(spec))
      this.#add({ name, attributes, inputs: known, made })
      return made
    }
    const createTensor: Binding['createTensor'] = (shape, dtype, values) => {
      const id = real.createTensor(shape, dtype, values)
      this.#constants.set(id, { shape: [...shape], dtype, values })
      return id
    }
    const tensorDataSync: Binding['tensorDataSync'] = () => {
      throw this.#refused(
        'the function reads the value of a tensor while it is recorded',
        'a function that reads shapes, but no values',
      )
    }
    // The addon's properties are read-only: they can be redefined, but not assigned.
    return Object.create(real, {
      executeOp: { value: executeOp },
      createTensor: { value: createTensor },
      tensorDataSync: { value: tensorDataSync },
    }) as Binding
  }

  #handle({ shape, dtype }: TensorSpec): Handle {
    const id = nextHandle--
    this.#specs.set(id, { shape, dtype })
    return { id, shape: [...shape], dtype }
  }

  #input(id: number): InputSpec {
    const constant = this.constant(id)
    if (constant === null) return { ...this.#spec(id), constant: null }
    const { shape, dtype, values } = constant
    return { shape: [...shape], dtype, constant: { id, values } }
  }

  #spec(id: number): TensorSpec {
    return this.#specs.get(id) ?? (this.fromOutside(id) as TensorSpec)
  }

  #add({
    name,
    attributes,
    inputs,
    made,
  }: {
    name: string
    attributes: readonly Attribute[]
    inputs: readonly string[]
    made: readonly Handle[]
  }): void {
    const all = [...attributes, ...this.#inferred(name, inputs, attributes)]
    const of = { op: name, attributes: all, inputs }
    if (this.narrow !== null && isProduct(name)) {
      this.#outputs.set((made[0] as Handle).id, this.narrow.product(of, this.frame))
      return
    }
    const node = this.#node(of)
    for (const [index, { id, dtype }] of made.entries()) {
      this.#outputs.set(id, this.graph.typed(`${node}:${index}`, dtype))
    }
    if (name === 'ConcatV2' && made[0]?.dtype === this.#real.TF_FLOAT) this.narrow?.join(`${node}:0`, of)
  }

  #node({ attributes = [], frame = this.frame, ...of }: NodeOptions): string {
    const marks = this.#compiled ? [{ name: '_XlaCompile', type: this.#real.TF_ATTR_BOOL, value: true }] : []
    return this.graph.add({ ...of, attributes: [...attributes, ...marks], frame })
  }

  /** Attributes that a kernel leaves out because eager execution infers them from the inputs. */
  #inferred(name: string, inputs: readonly string[], given: readonly Attribute[]): Attribute[] {
    const { TF_ATTR_INT, TF_ATTR_TYPE } = this.#real
    const missing = (key: string) => !given.some(attribute => attribute.name === key)
    const several = { ConcatV2: inputs.length - 1, Pack: inputs.length, AddN: inputs.length }[name]
    const counts = several !== undefined && missing('N') ? [{ name: 'N', type: TF_ATTR_INT, value: several }] : []
    if (!withoutType.has(name) || !missing('T')) return counts
    return [...counts, { name: 'T', type: TF_ATTR_TYPE, value: this.graph.typeOf(inputs[0] as string) }]
  }

  #output(id: number): string {
    const known = this.#outputs.get(id)
    if (known !== undefined) return known
    const constant = this.constant(id)
    const output = constant === null ? this.fromOutside(id)?.output : this.graph.constant(constant)
    if (output === undefined) {
      throw this.#refused(
        'the function uses a tensor from outside',
        'its inputs, variables of its session, and tensors that it makes',
      )
    }
    this.#outputs.set(id, output)
    return output
  }

  protected constant(id: number): Constant | null {
    return this.#constants.get(id) ?? null
  }

  /** The output of this graph for a tensor of another recording; null if this recording has none. */
  protected fromOutside(_id: number): (TensorSpec & { output: string }) | null {
    return null
  }

  /** The output of this graph that is an output from outside, rounded there to bfloat16; null if there is none. */
  protected roundedOutside(_output: string): string | null {
    return null
  }

  /** An output of this recording, for another one. */
  known(id: number): (TensorSpec & { output: string }) | null {
    const spec = this.#specs.get(id)
    const output = this.#outputs.get(id)
    return spec === undefined || output === undefined ? null : { ...spec, output }
  }

  #refused(message: string, expected: string): RlevError {
    return new RlevError({ kind: 'CallInvalid', message, place: `recording ${this.#name}`, expected })
  }
}
