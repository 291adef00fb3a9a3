/**
 * Rotary positions: angle(p, i) = p f_i for elements i and i + E / 2 of a head at position p, with the
 * frequencies f of the architecture. A head x = (x_1, x_2), in halves, is rotated to x cos + (-x_2, x_1) sin.
 *
 * Shapes: S positions, N tokens, H heads, E head width.
 */

import { fusedRotation } from '../graph/fused.js'
import { rowsOf, smallProducts } from '../graph/kernels.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Architecture } from './architecture.js'
import { rotaryFrequencies } from './rotary-frequencies.js'

export interface AngleTable {
  /** [S, E] */
  cosine: Tensor
  sine: Tensor
}

/**
 * For positions 0 .. S - 1. Angles are rounded to float32 where PyTorch rounds them; values are multiplied by
 * E^(-1/4).
 */
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
      const index = position * headWidth + pair
      cosine[index] = cosine[index + half] = Math.cos(angle) * scale
      sine[index] = sine[index + half] = Math.sin(angle) * scale
    }
  }
  return { cosine: tf.tensor2d(cosine, [positions, headWidth]), sine: tf.tensor2d(sine, [positions, headWidth]) }
}

/** Angles of some tokens. */
export interface Angles {
  /** [N, 1, E] */
  cosine: Tensor
  sine: Tensor
  /** R with x R = (-x_2, x_1), [E, E]. */
  rotation: Tensor
}

/** Angles of tokens at positions [N]. */
export function anglesAt(table: AngleTable, positions: Tensor): Angles {
  const headWidth = table.cosine.shape[1] as number
  const at = (values: Tensor) => rowsOf(values, positions).reshape([-1, 1, headWidth]) as Tensor
  return { cosine: at(table.cosine), sine: at(table.sine), rotation: halfTurn(headWidth) }
}

/** Rotates heads [N, H, E]. The cost for each token does not depend on the number of tokens. */
export function turned(heads: Tensor, { cosine, sine, rotation }: Angles, { fused }: { fused: boolean }): Tensor {
  if (fused) return fusedRotation(heads, { cosine, sine })
  const [rows, count, headWidth] = heads.shape as [number, number, number]
  const halves: Tensor = tf.matMul(heads.reshape([rows * count, headWidth]) as never, rotation as never)
  return heads.mul(cosine).add(halves.reshape([rows, count, headWidth]).mul(sine))
}

/**
 * diag(cos) + R diag(sin) of each token, [N, E, E]. One product rotates all heads of a token. Fast for few
 * tokens.
 */
export function turningMatrices({ cosine, sine, rotation }: Angles): Tensor {
  const headWidth = rotation.shape[0] as number
  return tf.eye(headWidth).mul(cosine).add(rotation.mul(sine))
}

/** Rotates heads [N, H, E] by matrices [N, E, E]. No gradient. */
export const turnedBy = (heads: Tensor, matrices: Tensor): Tensor => smallProducts(heads, matrices)

/** R [E, E] */
function halfTurn(headWidth: number): Tensor {
  const half = headWidth / 2
  const values = new Float32Array(headWidth * headWidth)
  for (let index = 0; index < half; index++) {
    values[(half + index) * headWidth + index] = -1
    values[index * headWidth + half + index] = 1
  }
  return tf.tensor2d(values, [headWidth, headWidth])
}
