/**
 * The layers' matrices for sampling: projections of one input joined, the adapter added, and laid out as [in,
 * out], which products of few rows read a fifth faster than [out, in]. They are a copy that is made for a call
 * of `generate` and freed after it, so that it takes no memory during an update.
 */

import type { Engine } from '../engine/engine.js'
import { freshZeros } from '../graph/kernels.js'
import type { Program } from '../graph/session.js'
import type { Tensor } from '../graph/tensorflow.js'
import type { Variable } from '../graph/variable.js'
import { type Decoder, type ProjectionPart, projectionParts } from '../model/decoder.js'

interface Matrix {
  variable: Variable
  /** [in, out] */
  shape: readonly number[]
}

export class SamplingWeights {
  readonly #engine: Engine
  /** By layer. */
  readonly #matrices: readonly Record<ProjectionPart, Matrix>[]
  readonly #fill: Program
  readonly #free: Program
  /** The engine's version when they were made; null while there are none. */
  #version: number | null = null

  constructor(engine: Engine) {
    const { session, architecture } = engine
    const { width, heads, keyValueHeads, headWidth, mlpWidth, layers } = architecture
    const shapes: Record<ProjectionPart, readonly number[]> = {
      queryKeyValue: [width, (heads + 2 * keyValueHeads) * headWidth],
      output: [heads * headWidth, width],
      gateUp: [width, 2 * mlpWidth],
      down: [mlpWidth, width],
    }
    const matrix = (layer: number, part: ProjectionPart): Matrix => ({
      variable: session.variable({ name: `sampling ${layer} ${part}`, shape: null }),
      shape: shapes[part],
    })
    this.#engine = engine
    this.#matrices = Array.from({ length: layers }, (_, layer) => ({
      queryKeyValue: matrix(layer, 'queryKeyValue'),
      output: matrix(layer, 'output'),
      gateUp: matrix(layer, 'gateUp'),
      down: matrix(layer, 'down'),
    }))
    this.#fill = this.#assigning('lay weights for sampling', () => {
      const { layers: merged } = engine.mergedDecoder()
      return (layer, part) => (merged[layer] as Decoder['layers'][number])[part].weight.transpose()
    })
    this.#free = this.#assigning('free weights for sampling', () => () => freshZeros([0], 'float32'))
  }

  /** Makes them from the engine's current policy, unless they are up to date. */
  fill(): void {
    if (this.#version === this.#engine.version) return
    this.#fill()
    this.#version = this.#engine.version
  }

  free(): void {
    if (this.#version === null) return
    this.#free()
    this.#version = null
  }

  /** In a program. */
  decoder(): Decoder {
    return this.#engine.decoderLaidForSampling((layer, part) => {
      const { variable, shape } = (this.#matrices[layer] as Record<ProjectionPart, Matrix>)[part]
      return variable.read(shape)
    })
  }

  #assigning(name: string, begin: () => (layer: number, part: ProjectionPart) => Tensor): Program {
    return this.#engine.session.compile({
      name,
      inputs: [],
      run: () => {
        const made = begin()
        for (const [layer, matrices] of this.#matrices.entries()) {
          for (const part of projectionParts) matrices[part].variable.assign(made(layer, part))
        }
        return []
      },
    })
  }
}
