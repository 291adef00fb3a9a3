/**
 * A score as text, and a response read as one. Strictly: a number and nothing else, above 0 and up to the exam's total, as the paper
 * asks its predictor for (table 7). Whatever else a predictor says is no score.
 */

/** Points as the predictor is taught to say them: decimal, no exponent, no sign, no zeros at the end. */
export function scoreText(points: number): string {
  return points.toFixed(6).replace(/\.?0+$/, '')
}

const number = /^\d{1,9}(?:\.\d{1,6})?$/

/** Null for anything but a number in (0, total]. White space around it is passed over. */
export function parseScore(text: string, total: number): number | null {
  const trimmed = text.trim()
  if (!number.test(trimmed)) return null
  const score = Number(trimmed)
  return score > 0 && score <= total ? score : null
}
