/**
 * The types of a verifier that a user writes: `import type { Verify } from 'rlev'`. This file imports nothing, so that it can be read
 * without the rest of the project.
 */

export interface VerifierMessage {
  role: string
  content: string
}

/** What a verifier is asked: one response to one item. */
export interface VerifierQuestion {
  /** The question as the policy got it: text, or chat messages. */
  prompt: string | readonly VerifierMessage[]
  /** What the policy answered, whole; without the stop that ended it, unless the config has `rollout.stop.keepText`. */
  response: string
  /** `length`: the response was cut at `rollout.maxTokens`. */
  finish: 'stop' | 'length'
  /** The final answer as `reward.answer` finds it; null if there is none, as in every response that was cut. */
  answer: string | null
  /** The reference answer. */
  reference: string
  item: {
    id: string
    exam: string
    section: string
    points: number
    total: number
    /** The options of a multiple-choice item, in order (A, B, ...). */
    choices?: readonly string[]
    /** The other fields of the row in the data file, as they stand there. */
    extra?: Readonly<Record<string, unknown>>
  }
}

/**
 * A verdict: `true` or `'correct'` is full credit, `false` or `'wrong'` none; `'unscored'` leaves the response out of every mean. Or a
 * credit in [-1, 1]: 1 is correct, everything less is wrong with that credit. Anything else, an error, and no answer in time are unscored.
 */
export type VerifierOutcome = boolean | 'correct' | 'wrong' | 'unscored' | number

/** The default export of the module, or its export `verify`. */
export type Verify = (question: VerifierQuestion) => VerifierOutcome | Promise<VerifierOutcome>
