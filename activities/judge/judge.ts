/**
 * A judge's verdicts: those that are stored, then requests, several at once, each resent until it is answered or `judge.attempts` is
 * reached. A response without a verdict stays unscored; it does not count as wrong.
 */
import pLimit, { type LimitFunction } from 'p-limit'
import type { JudgeConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import type { JudgeQuestion } from '../../pipelines/rewards/judge/prompt.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'
import { type Attempt, withRetries } from '../http-retry.js'
import { JudgeEndpoint, type Reply } from './endpoint.js'
import { Verdicts } from './verdicts.js'

export interface Judged {
  verdict: Verdict
  /** Why it is unscored. */
  reason?: string
}

/** What the verdicts cost. */
export interface Asked {
  /** Different questions. */
  questions: number
  /** Those of them whose verdict was stored. */
  kept: number
  requests: number
}

/** After so many questions in a row without an answer, the probe tells whether the judge is down. */
const maxFailuresInARow = 32

/** Asked if no question was answered: a server may fail on certain questions, or refuse them. Those are unscored; it is no outage. */
const probe: JudgeQuestion = { question: '1+1=', reference: '2', answer: '2' }

interface Asking {
  signal: AbortSignal
  failuresInARow: number
  /** Whether any question was answered, well or badly. */
  replied: boolean
  requests: number
}

export class Judge {
  readonly #config: JudgeConfig
  readonly #endpoint: JudgeEndpoint
  readonly #verdicts: Verdicts
  readonly #limit: LimitFunction

  constructor({
    config,
    home,
    environment,
  }: { config: JudgeConfig; home: string; environment?: NodeJS.ProcessEnv | undefined }) {
    this.#config = config
    this.#endpoint = new JudgeEndpoint(config, environment)
    this.#verdicts = new Verdicts({ home, model: config.model })
    this.#limit = limitOf(this.#endpoint.address, config.concurrency)
  }

  /**
   * In the order of the questions; equal ones are asked once. Verdicts are stored as they come, so that a second call after a failure
   * asks for the rest.
   * @throws RlevError CallInvalid as the endpoint does, and if every question is refused; ServiceUnavailable if the judge is down (as
   * opposed to failing now and then).
   */
  async ask(
    questions: readonly JudgeQuestion[],
    { signal: given }: { signal?: AbortSignal } = {},
  ): Promise<{ judged: Judged[]; asked: Asked }> {
    const digests = questions.map(question => this.#verdicts.digest(question))
    const different = new Map(digests.map((digest, index) => [digest, questions[index] as JudgeQuestion]))
    const judged = new Map<string, Judged>()
    const open: [string, JudgeQuestion][] = []
    for (const [digest, question] of different) {
      const verdict = this.#verdicts.read(digest)
      if (verdict === null) open.push([digest, question])
      else judged.set(digest, { verdict })
    }
    const kept = judged.size

    const stop = new AbortController()
    const signal = given === undefined ? stop.signal : AbortSignal.any([stop.signal, given])
    const asking: Asking = { signal, failuresInARow: 0, replied: false, requests: 0 }
    let failure: { error: unknown } | undefined
    const lane = async () => {
      for (let next = open.shift(); next !== undefined; next = open.shift()) {
        const [digest, question] = next
        judged.set(digest, await this.#judge(digest, question, asking))
      }
    }
    const lanes = Array.from({ length: Math.min(this.#config.concurrency, open.length) }, async () => {
      try {
        await lane()
      } catch (error) {
        // The first failure is reported; the others end by its abort.
        failure ??= { error }
        stop.abort(error)
      }
    })
    await Promise.all(lanes)
    if (failure !== undefined) throw failure.error
    if (different.size > kept && !asking.replied) await this.#probe(asking)
    return {
      judged: digests.map(digest => judged.get(digest) as Judged),
      asked: { questions: different.size, kept, requests: asking.requests },
    }
  }

  async #judge(digest: string, question: JudgeQuestion, asking: Asking): Promise<Judged> {
    const reply = await this.#insist(question, asking)
    switch (reply.kind) {
      case 'verdict':
        this.#verdicts.keep(digest, question, reply.verdict)
        return { verdict: reply.verdict }
      case 'away':
        asking.failuresInARow++
        if (asking.failuresInARow >= maxFailuresInARow) await this.#probe(asking)
        return { verdict: 'unscored', reason: reply.reason }
      case 'nonsense':
      case 'refused':
        return { verdict: 'unscored', reason: reply.reason }
      default:
        return reply satisfies never
    }
  }

  /** The first reply that settles the question, or the last one. */
  async #insist(question: JudgeQuestion, asking: Asking): Promise<Reply> {
    return withRetries({
      attempt: async (): Promise<Attempt<Reply>> => {
        const reply = await this.#limit(() => {
          asking.signal.throwIfAborted()
          asking.requests++
          return this.#endpoint.ask(question, asking.signal)
        })
        if (reply.kind !== 'away') asking.failuresInARow = 0
        if (reply.kind === 'verdict' || reply.kind === 'nonsense') asking.replied = true
        return {
          outcome: reply,
          mayResend: reply.kind === 'away' || reply.kind === 'nonsense',
          retryAfterMs: reply.kind === 'away' ? reply.retryAfterMs : undefined,
        }
      },
      attempts: this.#config.attempts,
      backoffMs: this.#config.backoff * 1000,
      signal: asking.signal,
    })
  }

  /** Throws unless the judge gives some answer. */
  async #probe(asking: Asking): Promise<void> {
    const reply = await this.#insist(probe, asking)
    if (reply.kind === 'refused') throw this.#endpoint.unusable(reply.reason)
    if (reply.kind !== 'away') return
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the judge does not answer',
      place: this.#endpoint.address,
      expected: 'any answer',
      found: reply.reason,
      remedy: 'start the judge, or correct judge.url; the run waits for it and keeps the verdicts that it has',
    })
  }
}

const limits = new Map<string, LimitFunction>()

/** One for all activities of this process that ask the same server: the limit is the server's, not a caller's. */
function limitOf(address: string, concurrency: number): LimitFunction {
  const key = `${concurrency} ${address}`
  const limit = limits.get(key) ?? pLimit(concurrency)
  limits.set(key, limit)
  return limit
}
