/** Numbers of 16 bits as float32, and back. */

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
