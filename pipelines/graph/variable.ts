/**
 * A value that stays on the device between calls. In a recorded program, reading and assigning it are
 * operations of the graph, in the order of the function's calls. In an eager session, and before a recorded one
 * is loaded, the value is a tensor: it is staged.
 */

import { type Attribute, backend, type ElementType, elementCode } from './native.js'
import { activeRecording, type Recording } from './recording.js'
import { type Tensor, tf } from './tensorflow.js'

/** Type of the outputs that stand for variables. */
export const resource = 20

/** Outputs of a recorded variable's nodes. */
export interface VariableNodes {
  handle: string
  read: string
  feed: string
  assigned: string
}

export class Variable {
  readonly name: string
  readonly type: ElementType
  /** [0] if it changes with each assigned value. */
  readonly shape: readonly number[]
  /** null in an eager session. */
  readonly nodes: VariableNodes | null
  #value: Tensor | null = null
  /** Whether the value is zeros that are made when they are asked for: most are assigned before. */
  #isZeros: boolean

  /** A variable of zeros. If `shape` is null, it has no value before it is assigned. */
  constructor({
    name,
    type,
    nodes,
    shape,
  }: { name: string; type: ElementType; nodes: VariableNodes | null; shape: readonly number[] | null }) {
    this.name = name
    this.type = type
    this.nodes = nodes
    this.shape = shape ?? [0]
    this.#isZeros = shape !== null
  }

  /** The value, in a function that a session runs. Give the shape if the variable's changes. */
  read(shape: readonly number[] = this.shape): Tensor {
    const recording = activeRecording()
    if (recording === null || this.nodes === null) return this.staged()
    const type = elementCode(this.type)
    const output = this.#reading(recording)
    return recording.stand({ shape, output, type })
  }

  assign(value: Tensor): void {
    const recording = activeRecording()
    if (recording === null || this.nodes === null) {
      this.stage(value)
      return
    }
    const handle = this.handle(recording)
    const reading = recording.readings.get(this.name)
    const node = recording.graph.add({
      op: 'AssignVariableOp',
      inputs: [handle, recording.outputOf(value)],
      after: [...this.#before(recording), ...(reading === undefined ? [] : [reading])],
      attributes: this.#typed(),
    })
    this.changed(recording, node)
  }

  /** Adds to the value in place. */
  add(value: Tensor): void {
    const recording = activeRecording()
    if (recording === null || this.nodes === null) {
      this.stage(this.staged().add(value))
      return
    }
    const node = recording.graph.add({
      op: 'AssignAddVariableOp',
      inputs: [this.handle(recording), recording.outputOf(value)],
      after: this.#before(recording),
      attributes: this.#typed(),
    })
    this.changed(recording, node)
  }

  /** The node that stands for the variable, in a recording, which then uses the variable. */
  handle(recording: Recording): string {
    const { handle } = this.nodes as VariableNodes
    recording.variables.add(this.name)
    return recording.graph.knows(handle, resource)
  }

  /** Notes that a node of the recording changes the variable. */
  changed(recording: Recording, node: string): void {
    recording.assigned.set(this.name, node)
    recording.readings.delete(this.name)
    recording.effect(node)
  }

  get isStaged(): boolean {
    return this.#value !== null || this.#isZeros
  }

  /** The value as a tensor, which stays the variable's. */
  staged(): Tensor {
    if (this.#isZeros) this.#make(zeros(this.shape, this.type))
    if (this.#value === null) throw new TypeError(`the value of ${this.name} is in the session, not staged`)
    return this.#value
  }

  /** Sets the value to a copy of a tensor, which stays the caller's. */
  stage(value: Tensor): void {
    this.#make(value.clone())
  }

  unstage(): void {
    this.#value?.dispose()
    this.#value = null
    this.#isZeros = false
  }

  #make(value: Tensor): void {
    this.unstage()
    this.#value = tf.keep(value)
  }

  #reading(recording: Recording): string {
    const there = recording.readings.get(this.name)
    if (there !== undefined) return there
    const node = recording.graph.add({
      op: 'ReadVariableOp',
      inputs: [this.handle(recording)],
      after: this.#before(recording),
      attributes: this.#typed(),
    })
    const output = recording.graph.typed(`${node}:0`, elementCode(this.type))
    recording.readings.set(this.name, output)
    return output
  }

  #before(recording: Recording): string[] {
    const assigned = recording.assigned.get(this.name)
    return assigned === undefined ? [] : [assigned]
  }

  #typed(): Attribute[] {
    return [{ name: 'dtype', type: backend().binding.TF_ATTR_TYPE, value: elementCode(this.type) }]
  }
}

/** Not in an array of JavaScript first, which would stay until it is collected. */
const zeros = (shape: readonly number[], type: ElementType): Tensor =>
  type === 'bool' ? tf.zeros([...shape], type) : tf.fill([...shape], 0, type)
