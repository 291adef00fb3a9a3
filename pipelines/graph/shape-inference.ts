/**
 * The shapes and types that an operation gives. It is run once on zeros of its inputs' shapes, and its outputs
 * are freed. The same operation on the same shapes is not run again, so the layers of a model take neither time
 * nor memory.
 */
import type { Attribute, Binding, Handle } from './native.js'

/** A tensor without its values. */
export type TensorSpec = Pick<Handle, 'shape' | 'dtype'>

/** An operation's input. A constant has a handle and values, which may decide the output's shape. */
export type InputSpec = TensorSpec & { constant: { id: number; values: ArrayLike<number> } | null }

/**
 * A constant with more numbers cannot be a shape, a list of axes or indices; its values are left out of the
 * key.
 */
const maxShapeNumbers = 64

export class ShapeInference {
  readonly #binding: Binding
  readonly #known = new Map<string, readonly TensorSpec[]>()

  constructor(binding: Binding) {
    this.#binding = binding
  }

  outputs({
    name,
    attributes,
    inputs,
    count,
  }: {
    name: string
    attributes: readonly Attribute[]
    inputs: readonly InputSpec[]
    count: number
  }): readonly TensorSpec[] {
    const key = JSON.stringify([name, attributes, count, inputs.map(described)])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const zeros = inputs.map(input => (input.constant === null ? this.#zeros(input) : null))
    const ids = inputs.map(({ constant }, index) => constant?.id ?? (zeros[index] as number))
    try {
      const made = this.#binding.executeOp(name, attributes, ids, count)
      for (const { id } of made) this.#binding.deleteTensor(id)
      const specs = made.map(({ shape, dtype }) => ({ shape, dtype }))
      this.#known.set(key, specs)
      return specs
    } finally {
      for (const id of zeros) if (id !== null) this.#binding.deleteTensor(id)
    }
  }

  #zeros({ shape, dtype }: TensorSpec): number {
    const { TF_BOOL, TF_INT32, TF_ATTR_TYPE, TF_ATTR_BOOL } = this.#binding
    // `Empty` makes no booleans.
    if (dtype === TF_BOOL) {
      return this.#binding.createTensor(shape, dtype, new Uint8Array(shape.reduce((size, length) => size * length, 1)))
    }
    const dimensions = this.#binding.createTensor([shape.length], TF_INT32, Int32Array.from(shape))
    const attributes = [
      { name: 'dtype', type: TF_ATTR_TYPE, value: dtype },
      { name: 'init', type: TF_ATTR_BOOL, value: true },
    ]
    const [made] = this.#binding.executeOp('Empty', attributes, [dimensions], 1)
    this.#binding.deleteTensor(dimensions)
    return (made as Handle).id
  }
}

function described({ shape, dtype, constant }: InputSpec): unknown {
  if (constant === null || constant.values.length > maxShapeNumbers) return [dtype, shape, constant !== null]
  return [dtype, shape, Array.from(constant.values)]
}
