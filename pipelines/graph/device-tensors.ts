/**
 * Named tensors of a policy or an optimizer. An engine that changes them does so in variables of its session,
 * which then hold the only copy; `read` copies the newest values back.
 */
import type { Tensor } from './tensorflow.js'

/** Where the newest values are, if not in the tensors themselves. */
export interface TensorSource {
  /** A copy of the newest values, the reader's to dispose of. */
  read(): ReadonlyMap<string, Tensor>
}

export class DeviceTensors {
  /** By name. Known without reading a tensor. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  #tensors: ReadonlyMap<string, Tensor>
  #source: TensorSource | null = null
  #version = 0

  /** The tensors belong to the instance from now on. */
  constructor(tensors: Iterable<readonly [name: string, tensor: Tensor]>) {
    this.#tensors = new Map(tensors)
    this.shapes = new Map([...this.#tensors].map(([name, { shape }]) => [name, shape]))
  }

  /** Bytes of all values, as float32. */
  get bytes(): number {
    return [...this.shapes.values()].reduce(
      (sum, shape) => sum + 4 * shape.reduce((size, length) => size * length, 1),
      0,
    )
  }

  /** Changes with every change of the values. */
  get version(): number {
    return this.#version
  }

  /** The newest values by name. They stay the instance's, and are freed when a source changes them. */
  read(): ReadonlyMap<string, Tensor> {
    if (this.#source !== null) {
      this.#tensors = this.#source.read()
      this.#source = null
    }
    return this.#tensors
  }

  /** Says that from now on `source` has the newest values. The copy here is freed. */
  changeIn(source: TensorSource): void {
    this.#free()
    this.#source = source
    this.#version++
  }

  isIn(source: TensorSource): boolean {
    return this.#source === source
  }

  /** Values that only a source has are lost. */
  dispose(): void {
    this.#free()
    this.#source = null
  }

  #free(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose()
    this.#tensors = new Map()
  }
}
