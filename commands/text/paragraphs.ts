/** Sentences under titles: the titles on the left, the sentences wrapped beside them. */
import { oneLine, padToWidth, wrapToWidth } from '../../pipelines/text/width.js'

/** Columns of the titles. */
export const titleWidth = 10

/** Columns of a line at most, and without a terminal. */
const widest = 110

const narrowest = 40

/** `width`: columns of the terminal. */
export function layOutParagraphs(
  paragraphs: readonly (readonly [title: string, text: string])[],
  width = widest,
): string[] {
  const room = Math.max(narrowest, Math.min(width, widest)) - titleWidth
  return paragraphs.flatMap(([title, text]) =>
    wrapToWidth(oneLine(text), room).map(
      (line, index) => padToWidth(index === 0 ? title : '', titleWidth, 'left') + line,
    ),
  )
}
