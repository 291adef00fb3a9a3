/**
 * The exact verifier: answer and reference are the same text after normalization. Full-width forms, compatibility
 * characters, case and white space do not count; punctuation does.
 */
import type { Verdict } from '../verdict.js'

/** NFKC (full-width 12 -> 12, ideographic space -> space), lower case, runs of white space to one space, trimmed. */
export function normalizeText(text: string): string {
  // Twice, because lower-casing can undo the composed form.
  return text.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim()
}

/** Unscored if the reference is empty. */
export function verifyExact({ answer, reference }: { answer: string | null; reference: string }): Verdict {
  const expected = normalizeText(reference)
  if (expected === '') return 'unscored'
  return answer !== null && normalizeText(answer) === expected ? 'correct' : 'wrong'
}
