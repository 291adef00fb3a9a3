/**
 * The matrices for sampling: projections of one input joined, the adapter added, and laid out for products of few rows. Large
 * ones are packed for a product that reads them from memory once (packedProduct), and so is a large head; small ones are
 * [in, out], which such products read a fifth faster than [out, in]. They are a copy that stays for the next call of `generate`,
 * and is freed before an update, so that it takes no memory then.
 */

import type { Engine } from '../engine/engine.js'
import { freshZeros, hasOwnOperations, packed, packedShape } from '../graph/kernels.js'
import type { Program } from '../graph/session.js'
import type { Tensor } from '../graph/tensorflow.js'
import type { Variable } from '../graph/variable.js'
import { type Decoder, type Matrix, type ProjectionPart, projectionParts } from '../model/decoder.js'
import { packedFrom } from '../model/sizes.js'

interface Copy {
  variable: Variable
  /** As it is laid out. */
  shape: readonly number[]
  layout: Matrix['layout']
}

export class SamplingWeights {
  readonly #engine: Engine
  /** By layer. */
  readonly #copies: readonly Record<ProjectionPart, Copy>[]
  /** Null if the head is not packed: then it is that of the weights. */
  readonly #head: Copy | null
  readonly #fill: Program
  /** The engine's version when they were made; null while there are none. */
  #version: number | null = null

  constructor(engine: Engine) {
    this.#engine = engine
    const { session, architecture } = engine
    const { width, heads, keyValueHeads, headWidth, mlpWidth, layers, vocabulary } = architecture
    // [out, in]
    const shapes: Record<ProjectionPart, readonly [number, number]> = {
      queryKeyValue: [(heads + 2 * keyValueHeads) * headWidth, width],
      output: [width, heads * headWidth],
      gateUp: [2 * mlpWidth, width],
      down: [width, mlpWidth],
    }
    const matrix = (name: string, shape: readonly [number, number]): Copy => {
      const isPacked = this.#isPacked(shape)
      const type = isPacked && this.#rounded ? 'int32' : 'float32'
      return {
        variable: session.variable({ name: `sampling ${name}`, shape: null, type }),
        shape: isPacked ? packedShape(shape, this.#rounded) : shape.toReversed(),
        layout: isPacked ? 'packed' : 'inOut',
      }
    }
    this.#copies = Array.from({ length: layers }, (_, layer) => ({
      queryKeyValue: matrix(`${layer} queryKeyValue`, shapes.queryKeyValue),
      output: matrix(`${layer} output`, shapes.output),
      gateUp: matrix(`${layer} gateUp`, shapes.gateUp),
      down: matrix(`${layer} down`, shapes.down),
    }))
    this.#head = this.#isPacked([vocabulary, width]) ? matrix('head', [vocabulary, width]) : null
    this.#fill = this.#assigning('lay weights for sampling', () => {
      const { layers: merged, head } = engine.mergedDecoder()
      return place =>
        place === 'head' ? head.weight : (merged[place.layer] as Decoder['layers'][number])[place.part].weight
    })
    const free = this.#assigning('free weights for sampling', () => () => null)
    engine.onReclaim(() => {
      if (this.#version !== null) free()
      this.#version = null
    })
  }

  /** Makes them from the engine's current policy, unless they are up to date. */
  fill(): void {
    if (this.#version === this.#engine.version) return
    this.#fill()
    this.#version = this.#engine.version
  }

  /** In a program. */
  decoder(): Decoder {
    const read = ({ variable, shape, layout }: Copy): Matrix => ({ weight: variable.read(shape), layout })
    return this.#engine.samplingDecoder({
      matrix: (layer, part) => read((this.#copies[layer] as Record<ProjectionPart, Copy>)[part]),
      head: this.#head === null ? null : read(this.#head),
    })
  }

  /** XLA compiles TensorFlow's operations only. */
  #isPacked(shape: readonly [number, number]): boolean {
    return shape[0] * shape[1] >= packedFrom && !this.#engine.settings.xla && hasOwnOperations()
  }

  get #rounded(): boolean {
    const { mode, matrices } = this.#engine.settings
    return mode === 'recorded' && matrices === 'bfloat16'
  }

  /** `begin` gives the matrices [out, in], or null for none. */
  #assigning(
    name: string,
    begin: () => (place: 'head' | { layer: number; part: ProjectionPart }) => Tensor | null,
  ): Program {
    return this.#engine.session.compile({
      name,
      inputs: [],
      run: () => {
        const made = begin()
        const assign = ({ variable, layout }: Copy, weight: Tensor | null) => {
          if (weight === null) variable.assign(freshZeros([0], variable.type === 'int32' ? 'int32' : 'float32'))
          else variable.assign(layout === 'packed' ? packed(weight, this.#rounded) : weight.transpose())
        }
        for (const [layer, matrices] of this.#copies.entries()) {
          for (const part of projectionParts) assign(matrices[part], made({ layer, part }))
        }
        if (this.#head !== null) assign(this.#head, made('head'))
        return []
      },
    })
  }
}
