/**
 * The internals of tfjs-node that this folder uses: the addon's binding, which every kernel calls, and the
 * backend's tensor table.
 */
import { type Tensor, tf } from './tensorflow.js'

/**
 * An attribute of an operation, as kernels pass it to the addon. `type` is one of the binding's TF_ATTR
 * constants.
 */
export interface Attribute {
  name: string
  type: number
  value: unknown
}

/** A tensor of the addon: a handle, its shape, its TensorFlow type. */
export interface Handle {
  id: number
  shape: number[]
  dtype: number
}

export interface Binding {
  readonly TF_Version: string
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  readonly TF_BOOL: number
  readonly TF_ATTR_STRING: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_TYPE: number
  readonly TF_ATTR_SHAPE: number
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Handle[]
  createTensor(shape: readonly number[], dtype: number, values: ArrayLike<number>): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): ArrayLike<number>
  /** Whether this processor computes the operations of our own (scripts/setup/addon/packed-product.h, layer-passes.h). */
  hasOwnOperations(): boolean
  /** An empty session, for a ConfigProto. This and the next two are of our own making: scripts/setup/addon/growing-session.h. */
  createSession(config: Uint8Array): number
  /** Adds a GraphDef, which may read outputs that the graph has. Names are `node:output`, separated by commas. */
  growSession(session: number, graph: Uint8Array, known: string): void
  /** Adds a function, whose body is a GraphDef and whose inputs are placeholders of it. */
  addFunction(session: number, name: string, graph: Uint8Array, inputs: string, outputs: string): void
  runSavedModel(session: number, inputs: readonly number[], inputNames: string, outputNames: string): Handle[]
  deleteSavedModel(session: number): void
}

interface Backend {
  binding: Binding
  getInputTensorIds(tensors: readonly Tensor[]): number[]
  createOutputTensor(handle: Handle): Tensor
}

export const backend = (): Backend => tf.backend() as unknown as Backend

export type ElementType = 'float32' | 'int32' | 'bool'

export function elementCode(type: ElementType): number {
  const { binding } = backend()
  switch (type) {
    case 'float32':
      return binding.TF_FLOAT
    case 'int32':
      return binding.TF_INT32
    case 'bool':
      return binding.TF_BOOL
    default:
      return type satisfies never
  }
}

/** Runs one TensorFlow operation by name, where tfjs has no function. No gradient. */
export function operation({
  name,
  inputs,
  types = {},
  attributes = [],
  outputs = 1,
}: {
  name: string
  inputs: readonly Tensor[]
  /** Type attributes, by their names. */
  types?: Readonly<Record<string, ElementType>>
  attributes?: readonly Attribute[]
  outputs?: number
}): Tensor[] {
  const { binding, getInputTensorIds } = backend()
  const ids = getInputTensorIds.call(backend(), inputs)
  const typed = Object.entries(types).map(([key, type]) => ({
    name: key,
    type: binding.TF_ATTR_TYPE,
    value: elementCode(type),
  }))
  return binding
    .executeOp(name, [...typed, ...attributes], ids, outputs)
    .map(handle => backend().createOutputTensor(handle))
}
