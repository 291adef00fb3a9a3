/**
 * The math verifier: answer and reference are mathematically equal, whichever way each is written. The answer is read as a structure
 * (math/answer.ts) and compared with the reference's (math/compare.ts); expressions are equal only if that is certain
 * (math/equality.ts). It loads a large library: call it in a process whose time is limited.
 */
import type { Verdict } from '../verdict.js'
import { readAnswer } from './math/answer.js'
import { compareAnswers } from './math/compare.js'
import { isRead } from './math/structure.js'
import type { MathRules } from './math/values.js'

/** Unscored if the reference cannot be read, or if equality is above the limits of size and precision. */
export function verifyMath({
  answer,
  reference,
  rules,
}: {
  answer: string | null
  reference: string
  rules: MathRules
}): Verdict {
  const expected = readAnswer(reference)
  if (!isRead(expected)) return 'unscored'
  if (answer === null) return 'wrong'
  switch (compareAnswers(readAnswer(answer), expected, rules)) {
    case 'equal':
      return 'correct'
    case 'different':
      return 'wrong'
    case 'undecided':
      return 'unscored'
  }
}
