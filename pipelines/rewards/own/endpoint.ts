/** What is posted to a verifier that answers over HTTP, and the outcomes in its answer. */
import { parseBoundedJson, UnfitJson } from '../../input/bounded-json.js'
import { readOutcome } from './question.js'
import type { VerifierOutcome, VerifierQuestion } from './verify-types.js'

/** Of the form of request and answer. */
const version = 1

export function endpointRequest(questions: readonly VerifierQuestion[], verifier: string): object {
  return { version, verifier, questions }
}

/** Limit of the body of an answer to so many questions. (bytes) A mark needs ten. */
export function maxAnswerBytes(questions: number): number {
  return 64 * 1024 + 256 * questions
}

type Outcome = { said: Exclude<VerifierOutcome, boolean> } | { problem: string }

/** An outcome for each question, in their order, or why the body is no answer to them. */
export function readMarks(body: string, questions: number): { outcomes: Outcome[] } | { nonsense: string } {
  let answer: unknown
  try {
    answer = parseBoundedJson(body, { depth: 10, values: 1000 + 10 * questions })
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UnfitJson)
      return { nonsense: 'a body that is not JSON, or too much of it' }
    throw error
  }
  const marks = typeof answer === 'object' && answer !== null && 'marks' in answer ? answer.marks : undefined
  if (!Array.isArray(marks)) return { nonsense: 'a body without a list `marks`' }
  if (marks.length !== questions) return { nonsense: `${marks.length} marks for ${questions} questions` }
  return { outcomes: marks.map(readOutcome) }
}
