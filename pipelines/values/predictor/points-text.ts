/**
 * Formats points as text, and parses a response as points. Parsing is strict, as in the paper's prompt (table 7): one number,
 * above 0 and at most the exam's total, and nothing else.
 */

/** Points as the predictor is taught to write them: decimal, no exponent, no sign, no trailing zeros. */
export function scoreText(points: number): string {
  return points.toFixed(6).replace(/\.?0+$/, '')
}

const number = /^\d{1,9}(?:\.\d{1,6})?$/

/** Null unless the text is a number in (0, total]. White space around it is ignored. */
export function parseScore(text: string, total: number): number | null {
  const trimmed = text.trim()
  if (!number.test(trimmed)) return null
  const score = Number(trimmed)
  return score > 0 && score <= total ? score : null
}
