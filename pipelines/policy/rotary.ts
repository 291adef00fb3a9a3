/** Frequencies of the rotary positions: f_i = theta^(-2i / E), stretched as the checkpoint says. E is the width of a head. */
import type { Architecture } from './architecture.js'

/** f_i for i = 0 .. E / 2 - 1, rounded to float32 where PyTorch rounds them. */
export function rotaryFrequencies({ rotary: { theta }, headWidth }: Architecture): Float32Array {
  return Float32Array.from({ length: headWidth / 2 }, (_, pair) => theta ** ((-2 * pair) / headWidth))
}
