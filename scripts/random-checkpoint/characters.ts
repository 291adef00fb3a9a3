/** Characters for the tokens of a random policy, each one code point that text keeps. */

/** Consecutive code points from `first`. Surrogates are left out: two that meet in a text become one character. */
export function characters({ count, first }: { count: number; first: number }): string[] {
  return Array.from({ length: count }, (_, index) => {
    const point = first + index
    return String.fromCodePoint(point < 0xd800 ? point : point + 0x800)
  })
}
