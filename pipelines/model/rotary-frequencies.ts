/**
 * Frequencies of the rotary positions: f_i = theta^(-2i / E), stretched as the checkpoint says. E is the width
 * of a head. Every operation is rounded to float32 in PyTorch's order, because positions multiply the rounding
 * errors.
 */
import type { Architecture, RotaryScaling } from './architecture.js'

const { fround } = Math

/** f_i for i = 0 .. E / 2 - 1. (radians per position) */
export function rotaryFrequencies({ rotary: { theta, scaling }, headWidth }: Architecture): Float32Array {
  return Float32Array.from({ length: headWidth / 2 }, (_, pair) => {
    const frequency = fround(1 / fround(fround(theta) ** fround((2 * pair) / headWidth)))
    return scaling === null ? frequency : stretched(frequency, scaling)
  })
}

function stretched(frequency: number, scaling: RotaryScaling): number {
  switch (scaling.type) {
    case 'linear':
      return fround(frequency / fround(scaling.factor))
    case 'llama3':
      return byWaveLength(frequency, scaling)
    default:
      return scaling satisfies never
  }
}

/**
 * If fewer than `lowFrequencyFactor` waves fit the original context, the frequency is divided by the factor. If
 * more than `highFrequencyFactor` fit, it stays. In between the two are mixed linearly.
 */
function byWaveLength(
  frequency: number,
  {
    factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalMaxPositions,
  }: Extract<RotaryScaling, { type: 'llama3' }>,
): number {
  // PyTorch divides a number by a tensor as the reciprocal times the number.
  const wave = fround(fround(1 / frequency) * fround(2 * Math.PI))
  if (wave < originalMaxPositions / high) return frequency
  if (wave > originalMaxPositions / low) return fround(frequency / fround(factor))
  const fitting = fround(fround(1 / wave) * originalMaxPositions)
  const share = fround(fround(fitting - fround(low)) / fround(high - low))
  const long = fround(fround(fround(1 - share) * frequency) / fround(factor))
  return fround(long + fround(share * frequency))
}
