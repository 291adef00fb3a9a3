/** How wide a text stands in a terminal: East Asian wide characters and emoji take two columns, combining marks none. */

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const none = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u

/** Terminal columns of one line. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

function characterWidth(character: string): number {
  if (none.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

/** At most `width` columns; what is cut off shows as an ellipsis. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let cut = ''
  let used = 0
  for (const character of text) {
    if (used + characterWidth(character) > width - 1) break
    cut += character
    used += characterWidth(character)
  }
  return width < 1 ? '' : `${cut}…`
}

/** The words of a text on lines of at most `width` columns; a longer word has a line to itself and is not cut, nor is `1.0 ± 0.2`. */
export function wrapToWidth(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/(?<!±) (?!±)/)) {
    const last = lines.at(-1)
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

export function padToWidth(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'left' ? text + space : space + text
}

/** One line without control characters: what a server, a model or a file wrote must not steer the terminal. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
}
