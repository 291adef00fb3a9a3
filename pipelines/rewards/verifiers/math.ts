/**
 * The math verifier: answer and reference are mathematically equal, whichever way each is written. The answer is read as a structure
 * (math/answer.ts) and compared with the reference's (math/compare.ts); expressions are equal only if that is certain
 * (math/equality.ts). It loads a large library: call it in a process whose time is limited.
 */
import type { Verdict } from '../verdict.js'
import { readAnswer } from './math/answer.js'
import { compareAnswers } from './math/compare.js'
import { type Answer, isRead } from './math/structure.js'
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
  const expected = readOnce(reference)
  if (!isRead(expected)) return 'unscored'
  if (answer === null) return 'wrong'
  switch (compareAnswers(readOnce(answer), expected, rules)) {
    case 'equal':
      return 'correct'
    case 'different':
      return 'wrong'
    case 'undecided':
      return 'unscored'
  }
}

/** The responses to an item have one reference and often the same answer, and reading takes longer than comparing. */
const read = new Map<string, Answer>()
const maxRead = 1000
/** A longer text is read each time, so that the kept ones stay small. (characters) */
const maxKeptLength = 500

function readOnce(text: string): Answer {
  const kept = read.get(text)
  if (kept !== undefined) return kept
  const answer = readAnswer(text)
  if (text.length > maxKeptLength) return answer
  // A map keeps the order in which its keys came.
  if (read.size >= maxRead) read.delete(read.keys().next().value as string)
  read.set(text, answer)
  return answer
}
