/**
 * Untrusted JSON. A parsed text can need a hundred times its length (`[{},{},{}`), and deep nesting overflows the stack of the code
 * that reads it. So depth and values are counted before the text is parsed.
 */

export interface JsonBounds {
  /** Maximum nesting of lists and objects. */
  depth: number
  /** Maximum number of values of any kind, including nested ones. */
  values: number
}

/** The JSON exceeds a limit, or an object repeats a key. */
export class UnfitJson extends Error {}

/** The value. Throws SyntaxError, or UnfitJson if it exceeds the limits or its outermost object repeats a key. */
export function parseBoundedJson(text: string, bounds: JsonBounds): unknown {
  const members = refuseLargeJson(text, bounds)
  const value: unknown = JSON.parse(text)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isObject && Object.keys(value).length !== members) throw new UnfitJson('a key that is given twice')
  return value
}

/** Counts values and returns the number of members of the outermost object. Does not validate the JSON. Throws UnfitJson. */
export function refuseLargeJson(text: string, { depth: maxDepth, values: maxValues }: JsonBounds): number {
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
        if (depth > maxDepth) throw new UnfitJson(`lists and objects nested more than ${maxDepth} deep`)
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
    if (values > maxValues) throw new UnfitJson(`more than ${maxValues} values`)
  }
  return members
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
export function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote
    while (text[before - 1] === '\\') before--
    if ((quote - before) % 2 === 0) return quote
  }
  return text.length
}
