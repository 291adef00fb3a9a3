/**
 * The judge as stages ask it: verdicts that are kept, then requests, several at once, each resent until it is answered or has been sent
 * often enough. An answer that nobody could judge stays unscored; it is never wrong for that.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { JudgeConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import type { JudgeQuestion } from '../../pipelines/rewards/judge/question.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'
import { JudgeEndpoint, type Reply } from './endpoint.js'
import { type Gate, gateOf } from './gate.js'
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
  /** Of them, those whose verdict was kept. */
  kept: number
  requests: number
}

/** Questions that fail one after the other, with nothing coming back between, before it is looked whether the judge is there at all. */
const suspicious = 32

/** Asked where no question was answered: a server may fail on certain ones for ever, or refuse them, and those are unscored, no outage. */
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
  readonly #gate: Gate

  constructor({
    config,
    home,
    environment,
  }: { config: JudgeConfig; home: string; environment?: NodeJS.ProcessEnv | undefined }) {
    this.#config = config
    this.#endpoint = new JudgeEndpoint(config, environment)
    this.#verdicts = new Verdicts({ home, model: config.model })
    this.#gate = gateOf(this.#endpoint.address, config.concurrency)
  }

  /**
   * In the order of the questions; equal ones are asked once. Verdicts are kept as they come, so that whoever asks again after any
   * failure asks for the rest.
   * @throws RlevError CallInvalid as the endpoint does and where every question is refused, ServiceUnavailable where the judge is away: not shaky, but gone.
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
        // The first failure is the one to tell of; the others end by its abort.
        failure ??= { error }
        stop.abort(error)
      }
    })
    await Promise.all(lanes)
    if (failure !== undefined) throw failure.error
    if (different.size > kept && !asking.replied) await this.#lookForJudge(asking)
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
        if (asking.failuresInARow >= suspicious) await this.#lookForJudge(asking)
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
    for (let attempt = 1; ; attempt++) {
      const reply = await this.#gate.through(() => {
        asking.signal.throwIfAborted()
        asking.requests++
        return this.#endpoint.ask(question, asking.signal)
      })
      if (reply.kind !== 'away') asking.failuresInARow = 0
      if (reply.kind === 'verdict' || reply.kind === 'nonsense') asking.replied = true
      if (reply.kind === 'verdict' || reply.kind === 'refused' || attempt >= this.#config.attempts) return reply
      const wanted = reply.kind === 'away' ? reply.wait : undefined
      await delay(wanted ?? this.#pause(attempt), undefined, { signal: asking.signal })
    }
  }

  /** Between half and all of the doubled wait: requests that failed together do not come back together. (ms) */
  #pause(attempt: number): number {
    return (0.5 + Math.random() / 2) * this.#config.backoff * 1000 * 2 ** (attempt - 1)
  }

  async #lookForJudge(asking: Asking): Promise<void> {
    const reply = await this.#insist(probe, asking)
    if (reply.kind === 'refused') throw this.#endpoint.unusable(reply.reason)
    if (reply.kind !== 'away') return
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the judge does not answer',
      place: this.#endpoint.address,
      expected: 'any answer',
      found: reply.reason,
      remedy: 'start the judge, or correct judge.url; the work waits for it, and verdicts so far are kept',
    })
  }
}
