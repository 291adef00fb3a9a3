/**
 * Control characters in the text of a row. They come from LaTeX whose backslash an unescaping reader took for an escape: `\bar`
 * became U+0008 and `ar`, `\frac` U+000C and `rac`, `\times` a tab and `imes`. The question that is left is another one.
 */
import { isFields } from './fields.js'

/**
 * Tabs and line ends are usual; they are suspicious only before the rest of a LaTeX command. The other control characters are listed:
 * `\p{Cc}` with the flag u takes twice as long, and every text of a file goes through this.
 */
const broken =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\t(?:ext|heta|imes|frac|au|ilde|riangle)(?![a-z])|\r(?:ho|ight|angle)(?![a-z])|\n(?:eq|abla|eg|mid)(?![a-z])/

/** Where the row has such a character, as `prompt: "\bar"`; null if it has no such text. */
export function brokenText(value: unknown, field = ''): string | null {
  if (typeof value === 'string') {
    const at = value.search(broken)
    return at < 0 ? null : `${field}: ${JSON.stringify(value.slice(Math.max(0, at - 10), at + 10))}`
  }
  if (!Array.isArray(value) && !isFields(value)) return null
  for (const [key, inner] of Object.entries(value)) {
    const found = brokenText(inner, field === '' ? key : field)
    if (found !== null) return found
  }
  return null
}
