/**
 * A value that stays on the device from call to call. Inside a recorded program its reading and assignment are operations of
 * the graph, in the order in which the function makes them; eager, and before its session is loaded, it is a tensor.
 */
import { type Tensor, tf } from '../tensorflow.js'
import { backend, type ElementType } from './native.js'
import { activeRecording, passOn, type Recording } from './recording.js'

/** Outputs of the nodes of a recorded variable. */
export interface VariableNodes {
  handle: string
  read: string
  feed: string
  assigned: string
  dtype: number
}

export class Variable {
  readonly name: string
  readonly type: ElementType
  /** null where the session is eager. */
  readonly nodes: VariableNodes | null
  #value: Tensor | null
  /** Shape of the value, for recordings made while the value is in the session. */
  #shape: readonly number[]

  constructor({
    name,
    type,
    nodes,
    initial,
  }: { name: string; type: ElementType; nodes: VariableNodes | null; initial: Tensor }) {
    this.name = name
    this.type = type
    this.nodes = nodes
    this.#value = initial
    this.#shape = initial.shape
  }

  /** The value: inside a function that a session runs. */
  read(): Tensor {
    const recording = activeRecording()
    if (recording === null || this.nodes === null) return this.staged()
    return this.#stand(recording, this.#reading(recording, this.nodes))
  }

  /**
   * The value, given away: until the next assignment the variable holds nothing. A loop can then change the value in place,
   * since nobody else holds it.
   */
  take(shape: readonly number[]): Tensor {
    const recording = activeRecording()
    if (recording === null || this.nodes === null) return this.staged()
    const reading = this.#reading(recording, this.nodes)
    const nothing = recording.graph.constant({ shape: [0], dtype: this.nodes.dtype, values: [] })
    const dropped = this.#assignNode(recording, this.nodes, nothing)
    this.#shape = shape
    return this.#stand(recording, passOn({ recording, input: reading, type: this.nodes.dtype, after: [dropped] }))
  }

  assign(value: Tensor): void {
    const recording = activeRecording()
    if (recording === null || this.nodes === null) return this.stage(value)
    recording.effect(this.#assignNode(recording, this.nodes, recording.outputOf(value)))
    this.#shape = value.shape
  }

  /** Adds in place. */
  add(value: Tensor): void {
    const recording = activeRecording()
    if (recording === null || this.nodes === null) return this.stage(this.staged().add(value))
    const { handle, dtype } = this.nodes
    const node = recording.graph.add({
      op: 'AssignAddVariableOp',
      inputs: [handle, recording.outputOf(value)],
      after: this.#before(recording),
      attributes: [{ name: 'dtype', type: backend().binding.TF_ATTR_TYPE, value: dtype }],
    })
    this.changed(recording, node)
  }

  /** Says that a node of the recording has changed the variable. */
  changed(recording: Recording, node: string): void {
    recording.assigned.set(this.name, node)
    recording.readings.delete(this.name)
    recording.effect(node)
  }

  get isStaged(): boolean {
    return this.#value !== null
  }

  /** The value as a tensor of the host's side; it stays the variable's. */
  staged(): Tensor {
    if (this.#value === null) throw new TypeError(`the value of ${this.name} is in the session`)
    return this.#value
  }

  /** Holds a value, the caller's own staying the caller's. */
  stage(value: Tensor): void {
    const before = this.#value
    this.#value = tf.keep(value.clone())
    this.#shape = value.shape
    before?.dispose()
  }

  unstage(): void {
    this.#value?.dispose()
    this.#value = null
  }

  #reading(recording: Recording, { handle, dtype }: VariableNodes): string {
    const there = recording.readings.get(this.name)
    if (there !== undefined) return there
    const node = recording.graph.add({
      op: 'ReadVariableOp',
      inputs: [handle],
      after: this.#before(recording),
      attributes: [{ name: 'dtype', type: backend().binding.TF_ATTR_TYPE, value: dtype }],
    })
    const output = recording.graph.typed(`${node}:0`, dtype)
    recording.readings.set(this.name, output)
    return output
  }

  #assignNode(recording: Recording, { handle, dtype }: VariableNodes, value: string): string {
    const reading = recording.readings.get(this.name)
    const node = recording.graph.add({
      op: 'AssignVariableOp',
      inputs: [handle, value],
      after: [...this.#before(recording), ...(reading === undefined ? [] : [reading])],
      attributes: [{ name: 'dtype', type: backend().binding.TF_ATTR_TYPE, value: dtype }],
    })
    recording.assigned.set(this.name, node)
    recording.readings.delete(this.name)
    return node
  }

  #before(recording: Recording): string[] {
    const assigned = recording.assigned.get(this.name)
    return assigned === undefined ? [] : [assigned]
  }

  #stand(recording: Recording, output: string): Tensor {
    const example =
      this.#value?.shape.join() === this.#shape.join() ? this.#value : tf.zeros([...this.#shape], this.type)
    return recording.stand({ example, output, type: this.nodes?.dtype ?? 0 })
  }
}
