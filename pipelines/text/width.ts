/** How wide a text is in a terminal: East Asian wide characters and emoji take two columns, combining marks none. */
import stringWidth from 'string-width'

/** Terminal columns of one line. */
export function textWidth(text: string): number {
  return stringWidth(text)
}

const graphemes = new Intl.Segmenter()

/** At most `width` columns; an ellipsis stands for what is cut off. No letter is cut from its accents. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let cut = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += textWidth(segment)
    if (used > width - 1) break
    cut += segment
  }
  return width < 1 ? '' : `${cut}…`
}

/** The words of a text on lines of at most `width` columns. A longer word has a line to itself; `1.0 ± 0.2` stays together. */
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
