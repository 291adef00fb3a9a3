/**
 * Records the body of a function in a graph. Tensors from outside are its inputs: the arguments of the call, and, in the body
 * of a gradient, the gradient of the function's value and what the function's own body computed. A matrix that is
 * multiplied in bfloat16 is rounded by the caller, once for all calls.
 */
import type { Source } from './function-library.js'
import { GraphDef } from './graph-def.js'
import { bfloat16 } from './narrow-products.js'
import { backend, elementCode } from './native.js'
import { type Constant, Recording, type RecordingOptions } from './recording.js'
import type { TensorSpec } from './shape-inference.js'
import type { Tensor } from './tensorflow.js'

interface FunctionInput {
  placeholder: string
  source: Source
  shape: readonly number[]
}

export class FunctionRecording extends Recording {
  /** By source. */
  readonly #inputs = new Map<string, FunctionInput>()
  readonly #byPlaceholder = new Map<string, FunctionInput>()
  /** The body whose gradient this is. */
  readonly #forward: FunctionRecording | null

  constructor(options: Omit<RecordingOptions, 'graph' | 'functions'>, forward: FunctionRecording | null = null) {
    super({ ...options, graph: new GraphDef('body'), functions: null })
    this.#forward = forward
  }

  /** What the body reads. The caller holds no other tensors for it, least of all from the forward to the backward pass. */
  get inputs(): readonly FunctionInput[] {
    return [...this.#inputs.values()].filter(({ placeholder }) => this.graph.isRead(placeholder))
  }

  /** The placeholder for an input. It has a shape, without which TensorFlow joins fewer operations. */
  input(source: Source, type: number, shape: readonly number[]): string {
    const key = JSON.stringify(source)
    const there = this.#inputs.get(key)
    if (there !== undefined) return there.placeholder
    const placeholder = this.graph.placeholder(type, shape)
    const input = { placeholder, source, shape }
    this.#inputs.set(key, input)
    this.#byPlaceholder.set(placeholder, input)
    return placeholder
  }

  /** A tensor that stands for an argument like the given one. */
  argument({ shape, dtype }: Tensor, index: number): Tensor {
    const type = elementCode(dtype as 'float32')
    return this.stand({ shape, output: this.input({ from: 'argument', index, rounded: false }, type, shape), type })
  }

  /** An output of the function: never a placeholder itself. */
  result(tensor: Tensor): string {
    const output = this.outputOf(tensor)
    if (!this.#byPlaceholder.has(output)) return output
    const attributes = [{ name: 'T', type: backend().binding.TF_ATTR_TYPE, value: this.graph.typeOf(output) }]
    return this.graph.typed(
      `${this.graph.add({ op: 'Identity', inputs: [output], attributes })}:0`,
      this.graph.typeOf(output),
    )
  }

  private sourceOf(output: string): Source | null {
    return this.#byPlaceholder.get(output)?.source ?? null
  }

  protected override constant(id: number): Constant | null {
    return super.constant(id) ?? this.#forward?.constant(id) ?? null
  }

  protected override fromOutside(id: number): (TensorSpec & { output: string }) | null {
    const known = this.#forward?.known(id) ?? null
    if (known === null) return null
    const exact = this.#forward?.narrow?.exactOf(known.output) ?? null
    if (exact !== null && this.narrow !== null) {
      const input = this.input({ from: 'forward', output: exact }, bfloat16, known.shape)
      return { ...known, output: this.narrow.widenedOf(input, this.frame) }
    }
    const source = this.#forward?.sourceOf(known.output) ?? { from: 'forward', output: known.output }
    return { ...known, output: this.input(source, known.dtype, known.shape) }
  }

  protected override roundedOutside(output: string): string | null {
    const input = this.#byPlaceholder.get(output)
    if (input === undefined) return null
    const { source, shape } = input
    if (source.from === 'argument') return this.input({ ...source, rounded: true }, bfloat16, shape)
    const rounded = source.from === 'forward' ? (this.#forward?.narrow?.knownRounded(source.output) ?? null) : null
    return rounded === null ? null : this.input({ from: 'forward', output: rounded }, bfloat16, shape)
  }
}
