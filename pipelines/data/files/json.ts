/**
 * JSON of data sets, with limits. Python writes bare NaN and Infinity, which JSON does not have. They are read as numbers, so
 * the error names the row that holds them instead of the whole file.
 */
import { endOfString, refuseLargeJson } from '../../input/bounded-json.js'

/** A row has text fields and chat messages, at most three levels deep. A list of 100,000 rows has less than a million values. */
const BOUNDS = { depth: 50, values: 2_000_000 }

const BARE = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY } as const

/** The bare words, by their first characters. */
const WORDS: Readonly<Record<string, string>> = { N: 'NaN', I: 'Infinity', '-': '-Infinity' }

/** Marks a bare word until the text is parsed. JSON text cannot contain this character. */
const MARK = '\u0000'

/** The value of a JSON text. Throws SyntaxError, or UnfitJson if it is nested too deep or has too many values. */
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

/** Replaces bare words outside strings by marked strings. */
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
