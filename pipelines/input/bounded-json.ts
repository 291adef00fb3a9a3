/**
 * JSON of strangers. Parsed, a text can take a hundred times its length (`[{},{},{}`), and what is nested without end overflows the
 * stack of whoever walks through it; so depth and values are counted before anything is made of them.
 */

export interface JsonBounds {
  /** Lists and objects within each other. */
  depth: number
  /** Values of any kind, those inside others counted. */
  values: number
}

/** The text is JSON, but more than is taken, or one that says two things. */
export class UnfitJson extends Error {}

/** The value. Throws SyntaxError, or UnfitJson where it is beyond the bounds or its outermost object gives a key twice. */
export function parseBoundedJson(text: string, bounds: JsonBounds): unknown {
  const members = refuseLargeJson(text, bounds)
  const value: unknown = JSON.parse(text)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isObject && Object.keys(value).length !== members) throw new UnfitJson('a key that is given twice')
  return value
}

/** Counts, and gives the members of the outermost object. Says nothing about whether the text is JSON. Throws UnfitJson. */
export function refuseLargeJson(text: string, { depth: deepest, values: most }: JsonBounds): number {
  let depth = 0
  let values = 1
  let members = 0
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at)
        break
      case '[':
      case '{':
        depth++
        values++
        if (depth > deepest) throw new UnfitJson(`lists and objects nested more than ${deepest} deep`)
        break
      case ']':
      case '}':
        depth--
        break
      case ',':
        values++
        break
      case ':':
        if (depth === 1) members++
        break
    }
    if (values > most) throw new UnfitJson(`more than ${most} values`)
  }
  return members
}

/** Index of the quote that closes the string opened at `start`; the end of the text where none does. */
export function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote
    while (text[before - 1] === '\\') before--
    if ((quote - before) % 2 === 0) return quote
  }
  return text.length
}
