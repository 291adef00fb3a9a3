/** Splits LaTeX at what stands outside of all brackets. */

export interface Separated {
  parts: string[]
  /** What stood between them, trimmed. */
  separators: string[]
}

const openings = /^(?:\\left|\\begin|\\\{|\\langle(?![a-z])|\\lfloor|\\lceil|[([{])/u
const closings = /^(?:\\end|\\\}|\\rangle(?![a-z])|\\rfloor|\\rceil|[)\]}])/u

/** Splits at every match of `separator` (sticky) outside of brackets. Parts are trimmed and may be empty. */
export function splitOutside(text: string, separator: RegExp): Separated {
  const sticky = new RegExp(separator.source, 'uy')
  const result: Separated = { parts: [], separators: [] }
  let depth = 0
  let start = 0
  let index = 0
  while (index < text.length) {
    sticky.lastIndex = index
    const found = depth === 0 ? sticky.exec(text) : null
    if (found !== null && found[0] !== '') {
      result.parts.push(text.slice(start, index).trim())
      result.separators.push(found[0].trim())
      index += found[0].length
      start = index
      continue
    }
    const { opens, closes, length } = tokenAt(text, index)
    depth += opens ? 1 : closes ? -1 : 0
    index += length
  }
  result.parts.push(text.slice(start).trim())
  return result
}

interface Token {
  opens: boolean
  closes: boolean
  length: number
}

/** A bracket, a command or a character. `\begin{pmatrix}` opens one bracket, not two. */
function tokenAt(text: string, index: number): Token {
  const rest = text.slice(index, index + 8)
  const [opening, closing] = [openings.exec(rest)?.[0], closings.exec(rest)?.[0]]
  const environment = /^\\(?:begin|end)\s*\{[a-z*]*\}/u.exec(text.slice(index, index + 24))
  return {
    opens: opening !== undefined,
    closes: closing !== undefined,
    length: environment?.[0].length ?? opening?.length ?? closing?.length ?? commandLength(text, index),
  }
}

function commandLength(text: string, index: number): number {
  if (text[index] !== '\\') return 1
  return /^\\(?:[a-zA-Z]+|.)?/u.exec(text.slice(index, index + 32))?.[0].length ?? 1
}

/** Whether the bracket that opens the text closes at its end. Round and square brackets may pair: `[0, 1)`. */
export function holdsAll(text: string): boolean {
  let depth = 0
  for (let index = 0; index < text.length; ) {
    const { opens, closes, length } = tokenAt(text, index)
    // `]0, 1[` opens with a closing bracket.
    if (opens || (index === 0 && text[0] === ']')) depth += 1
    else if (closes) depth -= 1
    index += length
    if (depth === 0) return index === text.length
    if (depth === 2 && index === text.length && text.startsWith(']') && text.endsWith('[')) return true
  }
  return false
}
