/** Boxed answers of LaTeX, as solutions and responses have them. */

/**
 * Content of the last \boxed{...} or \fbox{...} with balanced braces, trimmed; null if the last one is empty or not closed. Boxes before
 * it that only a comma, `and` or `or` divides from it belong to the same answer, which then has several values: `\boxed{-2} and
 * \boxed{1}` says `-2, 1`, and not 1.
 */
export function boxedAnswer(text: string): string | null {
  const openings = [...text.matchAll(/\\(?:boxed|fbox)\s{0,8}\{/g)]
  const values: string[] = []
  let next = text.length
  for (const opening of openings.reverse()) {
    const start = opening.index + opening[0].length
    const end = closingBrace(text.slice(0, next), start)
    const isLast = values.length === 0
    if (end < 0 || !(isLast || joins(text.slice(end + 1, next)))) break
    const content = text.slice(start, end).trim()
    if (content === '') break
    values.unshift(content)
    next = opening.index
  }
  return values.length === 0 ? null : values.join(', ')
}

const longestJoint = 80

/** Spaces of LaTeX, and what ends and begins mathematics or bold type, say nothing. */
const silent = /\\(?:[ ,;:!()[\]]|q?quad(?![a-zA-Z]))|\$|\*\*|~/gu

/** A comma or a word, or both; then the name of the next value may stand: `\boxed{1} and y = \boxed{2}`. */
const word = String.raw`(?:and|or|&|\\&|和|或|与|及|以及)`
const written = String.raw`(?:${word}|\\(?:text|textrm|mathrm|mbox)\s*\{\s*${word}\s*\})`
const joint = new RegExp(
  String.raw`^\s*(?:[,;，；、]\s*${written}?|${written})\s*(?:[a-z](?:_\{?\w{1,3}\}?)?\s*=\s*)?$`,
  'iu',
)

function joins(between: string): boolean {
  return between.length <= longestJoint && joint.test(between.replace(silent, ' '))
}

/** Index of the brace that closes the one before `start`; -1 if there is none. Escaped braces do not count. */
export function closingBrace(text: string, start: number): number {
  let depth = 1
  for (let index = start; index < text.length; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === '{') depth++
    else if (text[index] === '}' && --depth === 0) return index
  }
  return -1
}
