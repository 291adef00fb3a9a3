/** Boxed answers of LaTeX, as solutions and responses have them. */

/** Content of the last \boxed{...} or \fbox{...} with balanced braces, trimmed; null if the last one is empty or not closed. */
export function lastBoxed(text: string): string | null {
  const opening = [...text.matchAll(/\\(?:boxed|fbox)\s{0,8}\{/g)].at(-1)
  if (opening === undefined) return null
  const start = opening.index + opening[0].length
  const end = closingBrace(text, start)
  const content = end < 0 ? '' : text.slice(start, end).trim()
  return content === '' ? null : content
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
