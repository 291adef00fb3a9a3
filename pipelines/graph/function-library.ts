/** The functions of a session's graph. Each is recorded once, and called by name from any program. */
import type { GraphDef } from './graph-def.js'

/** Where an input comes from: an argument of the call, an output of the function's own body, the value's gradient. */
export type Source =
  | { from: 'argument'; index: number; rounded: boolean }
  | { from: 'forward'; output: string }
  | { from: 'gradient' }

/** A function of the graph. */
export interface GraphFunction {
  name: string
  inputs: readonly Source[]
  /** Types of the inputs and outputs. */
  takes: readonly number[]
  gives: readonly number[]
}

/** A recorded body. */
interface Body {
  graph: GraphDef
  inputs: readonly { placeholder: string; source: Source }[]
}

/** What TensorFlow's session must be told of a function. */
interface Definition {
  name: string
  graph: Uint8Array
  inputs: readonly string[]
  outputs: readonly string[]
}

export class FunctionLibrary {
  readonly #known = new Map<string, unknown>()
  #fresh: Definition[] = []
  #count = 0

  /** What `make` gave for this key. The first call makes it. */
  of<Made>(key: string, make: () => Made): Made {
    if (!this.#known.has(key)) this.#known.set(key, make())
    return this.#known.get(key) as Made
  }

  /** Functions that have been added since the last call. */
  takeFresh(): readonly Definition[] {
    const taken = this.#fresh
    this.#fresh = []
    return taken
  }

  /** The function whose body was recorded. */
  add({ graph, inputs }: Body, outputs: readonly string[]): GraphFunction {
    if (graph.known.size > 0) throw new TypeError('a function of a graph uses a variable and not only its arguments')
    const name = `function_${this.#count++}`
    const placeholders = inputs.map(({ placeholder }) => placeholder)
    this.#fresh.push({ name, graph: graph.serialized(), inputs: placeholders, outputs })
    return {
      name,
      inputs: inputs.map(({ source }) => source),
      takes: placeholders.map(placeholder => graph.typeOf(placeholder)),
      gives: outputs.map(output => graph.typeOf(output)),
    }
  }
}
