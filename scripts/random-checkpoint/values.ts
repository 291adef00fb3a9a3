/**
 * Random weights by the hundred million: uniform of a given deviation, each named by (seed, tensor, place) through a mixing of 32
 * bits. Quicker than the generator of pipelines/random.ts by an order of magnitude, and good enough to be multiplied with.
 */

import { bfloat16 } from '../../pipelines/checkpoint/narrow-numbers.js'

export const elementTypes = ['F32', 'BF16'] as const
export type ElementType = (typeof elementTypes)[number]

/** The upper 24 bits are as random as they need to be: a multiply-and-shift mix of the counter. */
function mixed(counter: number): number {
  let word = Math.imul(counter ^ (counter >>> 16), 0x7feb352d)
  word = Math.imul(word ^ (word >>> 15), 0x846ca68b)
  return (word ^ (word >>> 16)) >>> 0
}

export interface Values {
  seed: number
  /** Index of the tensor in its checkpoint. */
  tensor: number
  /** Standard deviation; 0 for a tensor of `constant`. */
  deviation: number
  constant: number
}

/** Bytes of elements `from` to `to`, little-endian. */
export function bytesOfValues({
  values: { seed, tensor, deviation, constant },
  from,
  to,
  type,
}: {
  values: Values
  from: number
  to: number
  type: ElementType
}): Uint8Array {
  const floats = new Float32Array(to - from).fill(constant)
  if (deviation > 0) {
    const key = mixed(mixed(seed) ^ tensor)
    const scale = deviation * 2 * Math.sqrt(3)
    for (let index = 0; index < floats.length; index++) {
      floats[index] = scale * ((mixed((from + index) ^ key) >>> 8) / 2 ** 24 - 0.5)
    }
  }
  switch (type) {
    case 'F32':
      return new Uint8Array(floats.buffer)
    case 'BF16':
      return new Uint8Array(bfloat16(floats).buffer)
    default:
      return type satisfies never
  }
}
