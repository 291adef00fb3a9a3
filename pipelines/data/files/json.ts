/**
 * JSON as data sets have it. Python writes NaN and Infinity bare, which JSON has no words for; they are read as what they
 * are, so that the one row that holds them can be named instead of the file being refused.
 */

const BARE = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY } as const

/** Stands for a bare word until the text is parsed; no JSON text holds the character itself. */
const MARK = '\u0000'

/** The value of a JSON text. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const marked = markBareNumbers(text)
    if (marked === text) throw error
    return JSON.parse(marked, (_, value: unknown) => {
      if (typeof value !== 'string' || !value.startsWith(MARK)) return value
      const word = value.slice(1)
      return Object.hasOwn(BARE, word) ? BARE[word as keyof typeof BARE] : value
    })
  }
}

/** Bare words outside strings become marked strings; everything else stays. */
function markBareNumbers(text: string): string {
  const parts: string[] = []
  let copied = 0
  for (let at = 0; at < text.length; ) {
    if (text[at] === '"') {
      at = endOfString(text, at)
      continue
    }
    const word = Object.keys(BARE).find(bare => text.startsWith(bare, at))
    if (word === undefined) {
      at++
      continue
    }
    parts.push(text.slice(copied, at), JSON.stringify(MARK + word))
    at += word.length
    copied = at
  }
  return parts.join('') + text.slice(copied)
}

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}
