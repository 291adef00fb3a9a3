/**
 * JSON as data sets have it, within bounds. Python writes NaN and Infinity bare, which JSON has no words for; they are read as what
 * they are, so that the one row that holds them can be named instead of the file being refused.
 */
import { endOfString, refuseLargeJson } from '../../input/bounded-json.js'

/** A row has fields of text, and chat messages three deep; a list of a hundred thousand rows has less than a million values. */
const BOUNDS = { depth: 50, values: 2_000_000 }

const BARE = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY } as const

/** By their first characters. */
const WORDS: Readonly<Record<string, string>> = { N: 'NaN', I: 'Infinity', '-': '-Infinity' }

/** Stands for a bare word until the text is parsed; no JSON text holds the character itself. */
const MARK = '\u0000'

/** The value of a JSON text. Throws SyntaxError, or UnfitJson where it is nested too deep or holds too many values. */
export function parseJson(text: string): unknown {
  refuseLargeJson(text, BOUNDS)
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
      at = endOfString(text, at) + 1
      continue
    }
    const word = wordAt(text, at)
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

function wordAt(text: string, at: number): string | undefined {
  const word = WORDS[text[at] ?? '']
  return word !== undefined && text.startsWith(word, at) ? word : undefined
}
