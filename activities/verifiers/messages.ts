/** What the process of a verifier and the process that asks it send each other. */
import type { verifyMath } from '../../pipelines/rewards/verifiers/math.js'

/** What the process loads: the verifier `math` of this project, or a module of the user. */
export type VerifierProgram =
  | { kind: 'math' }
  /** `path`: of one JavaScript file without imports other than Node's. */
  | { kind: 'module'; path: string }

export type MathQuestion = Parameters<typeof verifyMath>[0]

/** The first message of the process. */
export type Loaded = { loaded: true } | { loaded: false; problem: string }

export interface Call {
  id: number
  question: unknown
}

/** `said`: what the verifier returned, if it is one of the values that it may return. */
export type Answer = { said: Said } | { problem: string }

export type Reply = { id: number } & Answer

/** A verdict, or a credit in [-1, 1]. */
export type Said = 'correct' | 'wrong' | 'unscored' | number
