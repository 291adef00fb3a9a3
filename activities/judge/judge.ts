/**
 * A judge's verdicts: those that are stored, then requests, several at once, each resent until it is answered or `judge.attempts` is
 * reached. A response without a verdict stays unscored; it does not count as wrong.
 */
import type { JudgeConfig } from '../../pipelines/config/schema.js'
import type { JudgeQuestion } from '../../pipelines/rewards/judge/prompt.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'
import { askAll, limitOf } from '../asking/ask-all.js'
import { JudgeEndpoint } from './endpoint.js'
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

export class Judge {
  readonly #config: JudgeConfig
  readonly #endpoint: JudgeEndpoint
  readonly #verdicts: Verdicts

  constructor({
    config,
    home,
    environment,
  }: { config: JudgeConfig; home: string; environment?: NodeJS.ProcessEnv | undefined }) {
    this.#config = config
    this.#endpoint = new JudgeEndpoint(config, environment)
    this.#verdicts = new Verdicts({ home, model: config.model })
  }

  /**
   * In the order of the questions; equal ones are asked once. Verdicts are stored as they come, so that a second call after a failure
   * asks for the rest.
   * @throws RlevError CallInvalid if the endpoint accepts no request, or refuses every question; ServiceUnavailable if the judge is down
   * (as opposed to failing now and then).
   */
  async ask(
    questions: readonly JudgeQuestion[],
    { signal }: { signal?: AbortSignal } = {},
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
    const { attempts, backoff, concurrency } = this.#config
    const limit = limitOf(this.#endpoint.address, concurrency)
    const { requests } = await askAll({
      server: this.#endpoint,
      patience: { attempts, backoffMs: backoff * 1000, concurrency, limit },
      questions: open.map(([, question]) => question),
      signal,
      onReply: (index, reply) => {
        const [digest, question] = open[index] as [string, JudgeQuestion]
        if (reply.kind !== 'said') return judged.set(digest, { verdict: 'unscored', reason: reply.reason })
        this.#verdicts.keep(digest, question, reply.said)
        return judged.set(digest, { verdict: reply.said })
      },
    })
    return {
      judged: digests.map(digest => judged.get(digest) as Judged),
      asked: { questions: different.size, kept, requests },
    }
  }
}
