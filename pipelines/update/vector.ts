/**
 * All weights, or all their gradients or moments, as one vector: the optimizer then takes a dozen operations a step instead
 * of a dozen for every tensor. Tensors lie in the order of their names, so that a vector read from a file fits one made here.
 */
import { type Tensor, tf } from '../policy/tensorflow.js'

export interface Layout {
  /** In code unit order. */
  names: readonly string[]
  shapes: readonly (readonly number[])[]
  sizes: readonly number[]
}

export function layoutOf(tensors: ReadonlyMap<string, { shape: readonly number[] }>): Layout {
  const names = [...tensors.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const shapes = names.map(name => tensors.get(name)?.shape ?? [])
  return { names, shapes, sizes: shapes.map(shape => shape.reduce((product, size) => product * size, 1)) }
}

/** [N], N the number of all elements. */
export function toVector(tensors: ReadonlyMap<string, Tensor>, { names }: Layout): Tensor {
  return tf.concat1d(names.map(name => (tensors.get(name) as Tensor).reshape([-1]) as never))
}

export function fromVector(vector: Tensor, { names, shapes, sizes }: Layout): Map<string, Tensor> {
  const parts = tf.split(vector, [...sizes])
  return new Map(names.map((name, index) => [name, (parts[index] as Tensor).reshape([...(shapes[index] ?? [])])]))
}
