/**
 * Asks a verifier that runs in separate processes. Every question gets an outcome: an answer, or the problem because of which there is
 * none. The outcome is the question's own: if a process ended or ran out of time over a question, and had answered others before, the
 * question is asked once more as the first one of a new process.
 */
import { availableParallelism } from 'node:os'
import pLimit, { type LimitFunction } from 'p-limit'
import type { Answer, VerifierProgram } from './messages.js'
import { type Limits, VerifierChild, VerifierEnded } from './verifier-child.js'

/** Processes of one verifier that work at the same time. */
const maxChildren = Math.min(4, availableParallelism())

/** A second process pays if there are so many questions for each. */
const questionsAChild = 64

/** A process without questions is ended after this time, since it holds memory. (ms) */
const idleTimeoutMs = 60_000

export class VerifierHost {
  readonly #program: VerifierProgram
  readonly #limits: Limits
  readonly #idle: VerifierChild[] = []
  readonly #places: LimitFunction = pLimit(maxChildren)
  #rest: NodeJS.Timeout | undefined

  constructor(program: VerifierProgram, limits: Limits) {
    this.#program = program
    this.#limits = limits
  }

  /** Pids of the processes that wait for questions. */
  get idle(): number[] {
    return this.#idle.flatMap(({ pid }) => pid ?? [])
  }

  /**
   * Answers in the order of the questions. Throws NotLoaded if the program cannot be loaded, VerifierEnded if it ends or hangs while it
   * is loaded. The reason of an aborted signal is thrown on; the processes at work are ended then.
   */
  async ask(questions: readonly unknown[], { signal: given }: { signal?: AbortSignal } = {}): Promise<Answer[]> {
    clearTimeout(this.#rest)
    const stop = new AbortController()
    const signal = given === undefined ? stop.signal : AbortSignal.any([stop.signal, given])
    const lanes = pLimit(Math.min(maxChildren, Math.ceil(questions.length / questionsAChild) || 1))
    let failure: { error: unknown } | undefined
    const answers = await Promise.all(
      questions.map(question =>
        lanes(async (): Promise<Answer> => {
          try {
            return await this.#places(() => this.#outcome(question, signal))
          } catch (error) {
            // The first failure is reported; the others end by its abort.
            failure ??= { error }
            stop.abort(error)
            return { problem: 'stopped' }
          }
        }),
      ),
    )
    this.#rest = setTimeout(() => this.end(), idleTimeoutMs).unref()
    if (failure !== undefined) throw failure.error
    return answers
  }

  /** Ends the processes that are idle. */
  end(): void {
    clearTimeout(this.#rest)
    for (const child of this.#idle.splice(0)) child.end()
  }

  async #outcome(question: unknown, signal: AbortSignal): Promise<Answer> {
    for (let child = this.#waiting(); ; child = undefined) {
      signal.throwIfAborted()
      child ??= await VerifierChild.start(this.#program, this.#limits)
      const isFirst = child.asked === 0
      try {
        const answer = await child.ask(question, signal)
        this.#idle.push(child)
        return answer
      } catch (error) {
        if (!(error instanceof VerifierEnded)) throw error
        if (isFirst) return { problem: error.message }
      }
    }
  }

  #waiting(): VerifierChild | undefined {
    for (let child = this.#idle.pop(); child !== undefined; child = this.#idle.pop()) {
      if (child.isAlive) return child
    }
    return undefined
  }
}
