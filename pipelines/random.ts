/**
 * Counter-based randomness: a number is a function of (seed, purpose, counters). No generator has state to save, and no result
 * depends on order, batch, worker or attempt. Philox4x32-10 (Salmon et al., SC11).
 */

/** Up to four unsigned 32-bit counters, for example step, prompt, sample, position. */
export type Counters = readonly [number, number?, number?, number?]

export interface Stream {
  /** In [0, 1), a multiple of 2^-24, so exact in float32. */
  uniform(...counters: Counters): number
  /** Integer in [0, bound). */
  integer(bound: number, ...counters: Counters): number
  /** Standard normal (Box-Muller on two words of one block). */
  normal(...counters: Counters): number
  /** A permutation of 0 .. n-1 (Fisher-Yates) for one counter. */
  permutation(n: number, counter?: number): number[]
}

const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85

/** One Philox4x32-10 block: four counters and two key words in, four 32-bit words out. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const product0 = multiply(MULTIPLIER_0, c0)
    const product1 = multiply(MULTIPLIER_1, c2)
    c0 = (product1.high ^ c1 ^ k0) >>> 0
    c1 = product1.low
    c2 = (product0.high ^ c3 ^ k1) >>> 0
    c3 = product0.low
    k0 = (k0 + WEYL_0) >>> 0
    k1 = (k1 + WEYL_1) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** 32 x 32 -> 64 bit product in two words, by 16-bit halves, so all intermediate results are exact in a double. */
function multiply(a: number, b: number): { high: number; low: number } {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const low = aLow * bLow
  const middle = aHigh * bLow + (low >>> 16)
  const middle2 = aLow * bHigh + (middle % 0x10000)
  return {
    high: (aHigh * bHigh + Math.floor(middle / 0x10000) + (middle2 >>> 16)) >>> 0,
    low: Math.imul(a, b) >>> 0,
  }
}

/** FNV-1a over the UTF-16 units of a purpose's name. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0
  }
  return value
}

export function stream(seed: number, purpose: string): Stream {
  const key = [seed >>> 0, hash(purpose)] as const
  const block = (counters: Counters) => philox([counters[0], counters[1] ?? 0, counters[2] ?? 0, counters[3] ?? 0], key)
  const uniform = (...counters: Counters) => (block(counters)[0] >>> 8) / 2 ** 24
  // 2^32 * bound stays exact below bound = 2^21; larger sets would need two words.
  const integer = (bound: number, ...counters: Counters) => Math.floor((block(counters)[0] * bound) / 2 ** 32)
  return {
    uniform,
    integer,
    normal(...counters) {
      const words = block(counters)
      const radius = Math.sqrt(-2 * Math.log((words[0] + 1) / 2 ** 32))
      return radius * Math.cos((2 * Math.PI * words[1]) / 2 ** 32)
    },
    permutation(n, counter = 0) {
      const order = Array.from({ length: n }, (_, index) => index)
      for (let index = n - 1; index > 0; index--) {
        const other = integer(index + 1, counter, index)
        const held = order[index] as number
        order[index] = order[other] as number
        order[other] = held
      }
      return order
    },
  }
}
