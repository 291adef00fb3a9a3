/**
 * Builds a piece of a TensorFlow graph node by node. It may read outputs of pieces that the graph has already.
 * Loops are TensorFlow's frames (Enter, Merge, Switch, NextIteration, Exit): a node in a frame reads an output
 * from outside through an Enter node, which is added when it is first needed. Constants are outside all frames.
 * Equal small constants are one node.
 */
import { createRequire } from 'node:module'
import { RlevError } from '../errors.js'
import { type Attribute, backend } from './native.js'

// The protobuf classes of tfjs-node, which have no types.
interface Message {
  serializeBinary(): Uint8Array
  getAttrMap(): { set(key: string, value: Message): void }
  [setter: `set${string}` | `add${string}`]: (value?: unknown) => Message
}
type Messages = Record<string, (new () => Message) & { ListValue: new () => Message; Dim: new () => Message }>
const messages = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js') as Messages

function make(name: string, part?: 'ListValue' | 'Dim'): Message {
  const Type = messages[name]
  if (Type === undefined) throw new TypeError(`tfjs-node ships no message ${name}`)
  return part === undefined ? new Type() : new Type[part]()
}

/** A loop's frame. */
export interface Frame {
  name: string
  outer: Frame | null
  /** By output of an outer frame: the Enter that brings it in. */
  readonly inside: Map<string, string>
}

export interface NodeOptions {
  op: string
  /** `node:output`. */
  inputs?: readonly string[]
  /** Nodes that must run before this one. */
  after?: readonly string[]
  attributes?: readonly Attribute[]
  /** null: outside all loops. */
  frame?: Frame | null
}

/** Type of an attribute that names a function, in TensorFlow's C interface. */
export const functionAttribute = 8

/** Version of the graph format. TensorFlow refuses a graph without it. */
const producer = 1882

export class GraphDef {
  readonly #graph = make('GraphDef')
  readonly #name: string
  readonly #frames = new Map<string, Frame | null>()
  readonly #types = new Map<string, number>()
  readonly #constants = new Map<string, string>()
  readonly #known = new Set<string>()
  /** Placeholders that no node reads yet, by their outputs. */
  readonly #unread = new Map<string, Message>()
  #count = 0

  /** The name is part of the nodes' names: pieces of one graph have different names. */
  constructor(name: string) {
    this.#name = name
  }

  /** Outputs of other pieces that this one reads. */
  get known(): ReadonlySet<string> {
    return this.#known
  }

  /** Notes that this piece reads an output of another one, outside all loops. */
  knows(output: string, type: number): string {
    this.#known.add(output)
    return this.typed(output, type)
  }

  /** Adds a node and returns its name. Inputs from an outer frame are brought in. */
  add({ op, inputs = [], after = [], attributes = [], frame = null }: NodeOptions): string {
    const name = this.#newName(op)
    const node = this.#graph['addNode']?.(make('NodeDef')) as Message
    node['setName']?.(name)
    node['setOp']?.(op)
    for (const input of inputs) {
      this.#keep(input)
      node['addInput']?.(this.#within(input, frame))
    }
    for (const before of after) node['addInput']?.(`^${nodeOf(before)}`)
    for (const { name: key, type, value } of attributes) node.getAttrMap().set(key, attributeMessage(type, value))
    this.#frames.set(name, frame)
    return name
  }

  /** A node that stands for an input. It becomes part of the graph when another node reads it. Returns its output. */
  placeholder(dtype: number, shape: readonly number[]): string {
    const { TF_ATTR_TYPE, TF_ATTR_SHAPE } = backend().binding
    const name = this.#newName('Placeholder')
    const node = make('NodeDef')
    node['setName']?.(name)
    node['setOp']?.('Placeholder')
    node.getAttrMap().set('dtype', attributeMessage(TF_ATTR_TYPE, dtype))
    node.getAttrMap().set('shape', attributeMessage(TF_ATTR_SHAPE, shape))
    this.#frames.set(name, null)
    const output = this.typed(`${name}:0`, dtype)
    this.#unread.set(output, node)
    return output
  }

  /** Whether a placeholder is part of the graph. */
  isRead(placeholder: string): boolean {
    return !this.#unread.has(placeholder)
  }

  /** A Merge node. `close` adds the input that comes back from the loop's end, once that node is known. */
  merge({ enter, type, frame }: { enter: string; type: number; frame: Frame }): {
    name: string
    close: (next: string) => void
  } {
    const name = this.#newName('Merge')
    const node = this.#graph['addNode']?.(make('NodeDef')) as Message
    node['setName']?.(name)
    node['setOp']?.('Merge')
    node['addInput']?.(enter)
    const { binding } = backend()
    node.getAttrMap().set('T', attributeMessage(binding.TF_ATTR_TYPE, type))
    node.getAttrMap().set('N', attributeMessage(binding.TF_ATTR_INT, 2))
    this.#frames.set(name, frame)
    return { name: `${name}:0`, close: next => void node['addInput']?.(next) }
  }

  frame(outer: Frame | null): Frame {
    return { name: this.#newName('loop'), outer, inside: new Map() }
  }

  enter({ input, type, frame, constant }: { input: string; type: number; frame: Frame; constant: boolean }): string {
    const { binding } = backend()
    const name = this.add({
      op: 'Enter',
      inputs: [this.#within(input, frame.outer)],
      attributes: [
        { name: 'T', type: binding.TF_ATTR_TYPE, value: type },
        { name: 'frame_name', type: binding.TF_ATTR_STRING, value: frame.name },
        { name: 'is_constant', type: binding.TF_ATTR_BOOL, value: constant },
        { name: 'parallel_iterations', type: binding.TF_ATTR_INT, value: 1 },
      ],
      frame: frame.outer,
    })
    this.#frames.set(name, frame)
    return `${name}:0`
  }

  /** The value after the loop's last iteration. */
  exit({ input, type, frame }: { input: string; type: number; frame: Frame }): string {
    const attributes = [{ name: 'T', type: backend().binding.TF_ATTR_TYPE, value: type }]
    const name = this.add({ op: 'Exit', inputs: [input], attributes, frame })
    this.#frames.set(name, frame.outer)
    return this.typed(`${name}:0`, type)
  }

  /** The frame in which an output is computed; null outside all frames. */
  frameOf(output: string): Frame | null {
    return this.#frames.get(nodeOf(output)) ?? null
  }

  /** Notes the type of an output, which bringing it into a frame requires. */
  typed(output: string, type: number): string {
    this.#types.set(output, type)
    return output
  }

  typeOf(output: string): number {
    const type = this.#types.get(output)
    if (type === undefined) throw new TypeError(`the graph does not know the type of ${output}`)
    return type
  }

  constant({ shape, dtype, values }: { shape: readonly number[]; dtype: number; values: ArrayLike<number> }): string {
    const bytes = bytesOf(values, dtype)
    const key = bytes.length > 4096 ? null : `${dtype} ${shape.join()} ${Buffer.from(bytes).toString('base64')}`
    const there = key === null ? undefined : this.#constants.get(key)
    if (there !== undefined) return there
    const tensor = make('Tensor')
    tensor['setDtype']?.(dtype)
    tensor['setTensorShape']?.(shapeMessage(shape))
    tensor['setTensorContent']?.(bytes)
    const value = make('AttrValue')
    value['setTensor']?.(tensor)
    const name = this.#newName('Const')
    const node = this.#graph['addNode']?.(make('NodeDef')) as Message
    node['setName']?.(name)
    node['setOp']?.('Const')
    node.getAttrMap().set('dtype', attributeMessage(backend().binding.TF_ATTR_TYPE, dtype))
    node.getAttrMap().set('value', value)
    this.#frames.set(name, null)
    const output = this.typed(`${name}:0`, dtype)
    if (key !== null) this.#constants.set(key, output)
    return output
  }

  /** The piece as a GraphDef message. */
  serialized(): Uint8Array {
    const versions = make('VersionDef')
    versions['setProducer']?.(producer)
    this.#graph['setVersions']?.(versions)
    return this.#graph.serializeBinary()
  }

  #keep(input: string): void {
    const unread = this.#unread.get(input)
    if (unread === undefined) return
    this.#graph['addNode']?.(unread)
    this.#unread.delete(input)
  }

  #newName(op: string): string {
    return `${this.#name}/${op}_${this.#count++}`
  }

  #within(input: string, frame: Frame | null): string {
    if (frame === null || this.frameOf(input) === frame) return input
    const there = frame.inside.get(input)
    if (there !== undefined) return there
    const type = this.typeOf(input)
    const entered = this.typed(this.enter({ input, type, frame, constant: true }), type)
    frame.inside.set(input, entered)
    return entered
  }
}

const nodeOf = (output: string): string => output.split(':')[0] as string

function attributeMessage(type: number, value: unknown): Message {
  const { binding } = backend()
  const message = make('AttrValue')
  const set = (target: Message, one: unknown, how: 'set' | 'add') => {
    if (type === binding.TF_ATTR_INT) target[`${how}I`]?.(Number(one))
    else if (type === binding.TF_ATTR_FLOAT) target[`${how}F`]?.(one)
    else if (type === binding.TF_ATTR_BOOL) target[`${how}B`]?.(one)
    else if (type === binding.TF_ATTR_TYPE) target[`${how}Type`]?.(one)
    else if (type === binding.TF_ATTR_STRING) target[`${how}S`]?.(Buffer.from(String(one)))
    else if (type === binding.TF_ATTR_SHAPE) target[`${how}Shape`]?.(shapeMessage(one as number[] | null))
    else throw unknownAttribute(type)
  }
  if (type === functionAttribute) {
    const named = make('NameAttrList')
    named['setName']?.(value)
    message['setFunc']?.(named)
    return message
  }
  if (!Array.isArray(value) || type === binding.TF_ATTR_SHAPE) {
    set(message, value, 'set')
    return message
  }
  const list = make('AttrValue', 'ListValue')
  for (const one of value) set(list, one, 'add')
  message['setList']?.(list)
  return message
}

function unknownAttribute(type: number): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'an operation has an attribute that a graph cannot hold',
    place: 'graph',
    expected: 'text, number, boolean, type or shape',
    found: `attribute type ${type}`,
  })
}

/** null: unknown shape. */
function shapeMessage(shape: readonly number[] | null): Message {
  const message = make('TensorShape')
  if (shape === null) {
    message['setUnknownRank']?.(true)
    return message
  }
  for (const size of shape) {
    const dimension = make('TensorShape', 'Dim')
    dimension['setSize']?.(size)
    message['addDim']?.(dimension)
  }
  return message
}

function bytesOf(values: ArrayLike<number>, dtype: number): Uint8Array {
  const { binding } = backend()
  const typed =
    dtype === binding.TF_FLOAT
      ? Float32Array.from(values)
      : dtype === binding.TF_BOOL
        ? Uint8Array.from(values)
        : Int32Array.from(values)
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength)
}
