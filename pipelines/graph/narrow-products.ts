/**
 * Matrix products in bfloat16 within a recording of float32. Their inputs are rounded, once each, and their outputs are widened.
 * Widening is exact: nothing but the narrow numbers of an output must be kept.
 */
import type { Frame, GraphDef, NodeOptions } from './graph-def.js'
import { type Attribute, backend } from './native.js'

/** TensorFlow's number of the type. */
export const bfloat16 = 14

/** Without BatchMatMulV3: its products are so small that casts cost more than they save (kernels.ts). */
const products = new Set(['MatMul', 'BatchMatMul', 'BatchMatMulV2'])

export const isProduct = (op: string): boolean => products.has(op)

interface Home {
  graph: GraphDef
  /** Adds a node and gives its name. */
  add: (node: NodeOptions) => string
  /** The output that is an output from outside, rounded there; null if there is none. */
  roundedOutside: (output: string) => string | null
}

type Node = Required<Pick<NodeOptions, 'op' | 'attributes' | 'inputs'>>

export class NarrowProducts {
  readonly #home: Home
  /** By the float32 output: the same rounded to bfloat16. */
  readonly #rounded = new Map<string, string>()
  /** By the bfloat16 output: the same as float32. */
  readonly #widened = new Map<string, string>()
  /** By the output: nodes that join others. */
  readonly #joins = new Map<string, Node>()

  constructor(home: Home) {
    this.#home = home
  }

  /** A product in bfloat16, widened. */
  product({ op, attributes, inputs }: Node, frame: Frame | null): string {
    const rounded = inputs.map(input => this.roundedOf(input))
    return this.widenedOf(this.#add({ op, attributes: narrowed(attributes), inputs: rounded, frame }, bfloat16), frame)
  }

  /** Notes a node of float32 that joins its inputs, all but the last, which is the axis. */
  join(output: string, node: Node): void {
    this.#joins.set(output, node)
  }

  /**
   * Rounds an output once, in the frame where it is computed: a loop does not round outer values in each
   * iteration. Of parts that are joined each is rounded, so that nobody needs them joined in float32.
   */
  roundedOf(output: string): string {
    const { graph, roundedOutside } = this.#home
    const there = this.#rounded.get(output) ?? roundedOutside(output)
    if (there !== null) return there
    const frame = graph.frameOf(output)
    const join = this.#joins.get(output)
    const rounded =
      join === undefined
        ? this.#cast({ input: output, from: backend().binding.TF_FLOAT, to: bfloat16, frame })
        : this.#add(
            {
              op: join.op,
              attributes: narrowed(join.attributes),
              inputs: [...join.inputs.slice(0, -1).map(part => this.roundedOf(part)), ...join.inputs.slice(-1)],
              frame,
            },
            bfloat16,
          )
    this.#rounded.set(output, rounded)
    return rounded
  }

  /** A bfloat16 output as float32. */
  widenedOf(narrow: string, frame: Frame | null): string {
    const there = this.#widened.get(narrow)
    if (there !== undefined) return there
    const wide = this.#cast({ input: narrow, from: bfloat16, to: backend().binding.TF_FLOAT, frame })
    this.#widened.set(narrow, wide)
    this.#rounded.set(wide, narrow)
    return wide
  }

  /** The bfloat16 output that an output is exactly; null if there is none. */
  exactOf(output: string): string | null {
    const narrow = this.#rounded.get(output)
    return narrow !== undefined && this.#widened.get(narrow) === output ? narrow : null
  }

  /** What `roundedOf` gave for an output; null before. */
  knownRounded(output: string): string | null {
    return this.#rounded.get(output) ?? null
  }

  #cast({ input, from, to, frame }: { input: string; from: number; to: number; frame: Frame | null }): string {
    const type = backend().binding.TF_ATTR_TYPE
    const attributes = [
      { name: 'SrcT', type, value: from },
      { name: 'DstT', type, value: to },
    ]
    return this.#add({ op: 'Cast', attributes, inputs: [input], frame }, to)
  }

  /** The output of a new node. */
  #add(node: NodeOptions, type: number): string {
    const { graph, add } = this.#home
    return graph.typed(`${add(node)}:0`, type)
  }
}

const narrowed = (attributes: readonly Attribute[]): Attribute[] =>
  attributes.map(attribute => (attribute.name === 'T' ? { ...attribute, value: bfloat16 } : attribute))
