/** Numbers of 16 bits as float32, and back. */
import { bytesOf, type ElementType } from './safetensors.js'

/** The end of an array, which its narrow numbers fill before they are widened. */
export function narrowPart(values: Float32Array, type: ElementType): Uint8Array {
  return new Uint8Array(values.buffer, (4 - bytesOf[type]) * values.length)
}

/** Fills the array, in place, from the narrow numbers at its end. */
export function widened(values: Float32Array, type: ElementType): Float32Array {
  const halves = new Uint16Array(values.buffer, 2 * values.length)
  switch (type) {
    case 'F32':
      return values
    case 'BF16': {
      // bfloat16 is the upper half of a float32.
      const words = new Uint32Array(values.buffer)
      for (let index = 0; index < words.length; index++) words[index] = (halves[index] as number) << 16
      return values
    }
    case 'F16': {
      const wide = Float32Array.from({ length: 2 ** 16 }, (_, half) => float16(half))
      for (let index = 0; index < values.length; index++) values[index] = wide[halves[index] as number] as number
      return values
    }
    default:
      return type satisfies never
  }
}

export function float16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16: the upper halves of float32, rounded to the nearest, ties to even. */
export function bfloat16(floats: Float32Array): Uint16Array {
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length)
  const halves = new Uint16Array(words.length)
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as number
    halves[index] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return halves
}
