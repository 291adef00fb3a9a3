/**
 * Tables of rotary angles: angle(p, i) = p f_i for elements i and i + E / 2 of a head, f the frequencies of the architecture.
 *
 * Shapes: S positions, E head width.
 */
import type { Architecture } from './architecture.js'
import { rotaryFrequencies } from './rotary.js'
import { type Tensor, tf } from './tensorflow.js'

export interface AngleTable {
  /** [S, E] */
  cosine: Tensor
  sine: Tensor
}

/** Positions 0 .. S - 1; angles rounded to float32 where PyTorch rounds them, values times E^(-1/4). */
export function angleTable(architecture: Architecture, positions: number): AngleTable {
  const { headWidth } = architecture
  const frequencies = rotaryFrequencies(architecture)
  const half = headWidth / 2
  const scale = headWidth ** -0.25
  const cosine = new Float32Array(positions * headWidth)
  const sine = new Float32Array(positions * headWidth)
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = Math.fround(position * (frequencies[pair] as number))
      const place = position * headWidth + pair
      cosine[place] = cosine[place + half] = Math.cos(angle) * scale
      sine[place] = sine[place + half] = Math.sin(angle) * scale
    }
  }
  return { cosine: tf.tensor2d(cosine, [positions, headWidth]), sine: tf.tensor2d(sine, [positions, headWidth]) }
}

/** R with x R = (-x_2, x_1) for the halves x = (x_1, x_2) of a head, [E, E]. */
export function halfTurn({ headWidth }: Architecture): Tensor {
  const half = headWidth / 2
  const values = new Float32Array(headWidth * headWidth)
  for (let index = 0; index < half; index++) {
    values[(half + index) * headWidth + index] = -1
    values[index * headWidth + half + index] = 1
  }
  return tf.tensor2d(values, [headWidth, headWidth])
}
