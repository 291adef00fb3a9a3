/**
 * The exact verifier: answer and reference are the same text in the same form. Full-width forms, case, white space, spaces around
 * commas and the presentation do not count. Punctuation and exponents do.
 */
import { withoutPresentation } from '../presentation.js'
import type { Verdict } from '../verdict.js'

/**
 * Characters whose compatibility form loses their meaning: exponents and indices (x² is not x2), fractions (5½ is not 51⁄2) and
 * numbers in circles (①② is not 12). NFKC leaves them out.
 */
const meaningful =
  /[\u00aa\u00b2\u00b3\u00b9\u00ba\u00bc-\u00be\u02b0-\u02b8\u1d2c-\u1d6a\u2070-\u209c\u2150-\u215f\u2189\u2460-\u24ff]+/u
const squared = /([\u3397-\u33af])/gu

/** NFKC that keeps exponents, fractions and circled numbers: `１２` is `12`, `x²` stays, `㎡` is `m²`. */
export function compatible(text: string): string {
  const units = text.replace(squared, unit => unit.normalize('NFKC').replace(/2$/u, '²').replace(/3$/u, '³'))
  const kept = units.match(new RegExp(meaningful, 'gu')) ?? []
  return units
    .split(meaningful)
    .map((part, index) => part.normalize('NFKC') + (kept[index] ?? ''))
    .join('')
}

/** One form for equal texts: compatible, lower case, white space to one space, none around commas, trimmed. */
export function normalizeText(text: string): string {
  // Twice, because lower-casing can undo the composed form.
  return compatible(compatible(text).toLowerCase()).replace(/\s+/gu, ' ').replace(/ ?, ?/gu, ',').trim()
}

/** Unscored if the reference is blank. */
export function verifyExact({ answer, reference }: { answer: string | null; reference: string }): Verdict {
  const expected = normalizeText(withoutPresentation(reference))
  if (expected === '') return 'unscored'
  return answer !== null && normalizeText(withoutPresentation(answer)) === expected ? 'correct' : 'wrong'
}
