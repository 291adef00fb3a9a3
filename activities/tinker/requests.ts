/**
 * Requests to a Tinker server, resent where that does no harm, and the results of operations, which are asked for until they are there.
 *
 * | answer to `retrieve_future` | what follows |
 * | --- | --- |
 * | 200 with a result | the result |
 * | 200 `try_again`, `pending` or `complete_metadata`; 408 | asked again, without a limit: a queue may be long |
 * | 200 with `error`; 400; 404; other 4xx | the operation failed (errors.ts) |
 * | 410 | the server forgot the request: sent again if it changes nothing, else its model is in doubt |
 * | 429; 5xx; no connection; no answer in time | asked again, until the server was away for `patienceMs` |
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { given } from '../../pipelines/given.js'
import { parseBoundedJson } from '../../pipelines/input/bounded-json.js'
import { jittered } from '../http-retry.js'
import { away, foreign, refused, unclear } from './errors.js'
import type { Exchange, Exchanged, TinkerHttp } from './http.js'
import type { Calling } from './types.js'
import { answers } from './wire.js'

export interface Patience {
  /** Of one request that is not a poll. */
  requestTimeoutMs: number
  /** Of one poll. A server may hold it as long as it likes. */
  pollTimeoutMs: number
  /** How long a server may be away. */
  patienceMs: number
  /** Longest wait before the second attempt; doubled with each further one, up to `maxBackoffMs`. */
  backoffMs: number
}

export const defaultPatience: Patience = {
  requestTimeoutMs: 60_000,
  pollTimeoutMs: 50_000,
  patienceMs: 300_000,
  backoffMs: 250,
}

const maxBackoffMs = 30_000

/** Between polls that a server answers at once. */
const pollPauseMs = { first: 20, last: 1_000 }

/** Of answers. Log-probabilities of a thousand long sequences are some ten million numbers. */
const jsonBounds = { depth: 16, values: 50_000_000 }

interface Request extends Pick<Exchange, 'method' | 'path' | 'content'>, Calling {
  /** Whether sending it twice has the same effect as once. */
  repeatable: boolean
}

export class Requests {
  readonly #http: TinkerHttp
  readonly #patience: Patience

  constructor(http: TinkerHttp, patience: Patience) {
    this.#http = http
    this.#patience = patience
  }

  /** The answer to a request that is no operation. */
  async call<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
    return this.#read(request, await this.#answer(request), schema)
  }

  /** The result of an operation. */
  async operation<Schema extends z.ZodType>(
    request: Omit<Request, 'method'>,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const posted = { ...request, method: 'POST' } as const
    for (;;) {
      const { request_id: id } = await this.call(posted, answers.accepted)
      const result = await this.#result(id, posted)
      if (result !== null) return this.#read(posted, result, schema)
      if (!request.repeatable) throw unclear(this.#http.placeOf(posted), 'the server has forgotten the request')
    }
  }

  /** Text of an answer of status 2xx. Throws what errors.ts has. */
  async #answer(request: Request): Promise<string> {
    const place = this.#http.placeOf(request)
    const away = this.#awayness(place)
    for (;;) {
      const said = await this.#exchange(request, this.#patience.requestTimeoutMs)
      if (said.kind === 'too long') throw foreign(place, { expected: 'a shorter answer', found: said.reason })
      if (said.kind === 'answer' && said.status >= 200 && said.status < 300) return said.body
      if (!mayPass(said)) throw refused(place, { status: said.status, said: said.body })
      if (!request.repeatable && mayBeTaken(said)) throw unclear(place, reasonOf(said))
      await away.wait(said, request.signal)
    }
  }

  /** Text of the result; null if the server has forgotten the request. */
  async #result(id: string, request: Request): Promise<string | null> {
    const poll: Request = { ...request, path: 'retrieve_future', content: { request_id: id }, repeatable: true }
    const place = this.#http.placeOf(request)
    let pauseMs = pollPauseMs.first
    let away = this.#awayness(place)
    for (;;) {
      const said = await this.#exchange(poll, this.#patience.pollTimeoutMs)
      if (said.kind === 'too long') throw foreign(place, { expected: 'a shorter result', found: said.reason })
      // A poll that a server holds for longer than we wait; one that hangs does not say that it is well either.
      const isHeld = said.kind === 'away' && said.late && (await this.#isWell(request))
      if (isHeld || (said.kind === 'answer' && said.status === 408)) {
        away = this.#awayness(place)
        continue
      }
      if (mayPass(said)) {
        await away.wait(said, request.signal)
        continue
      }
      if (said.status === 410) return null
      if (said.status < 200 || said.status >= 300) throw refused(place, { status: said.status, said: said.body })
      const state = this.#stateOf(place, said.body)
      if (state === 'done') return said.body
      away = this.#awayness(place)
      await delay(pauseMs, undefined, given({ signal: request.signal }))
      pauseMs = Math.min(2 * pauseMs, pollPauseMs.last)
    }
  }

  async #exchange(request: Request, timeoutMs: number): Promise<Exchanged> {
    request.signal?.throwIfAborted()
    request.onWait?.()
    return this.#http.exchange({ ...request, timeoutMs })
  }

  async #isWell(request: Request): Promise<boolean> {
    const health = { ...request, method: 'GET', path: 'healthz' } as const
    const { content: _, ...rest } = health
    const said = await this.#exchange(rest, Math.min(10_000, this.#patience.requestTimeoutMs))
    return said.kind === 'answer' && said.status === 200
  }

  /** Throws if the operation failed. */
  #stateOf(place: string, body: string): 'done' | 'not yet' {
    const said = this.#json(place, body)
    if (typeof said !== 'object' || said === null) return 'done'
    const { type, status, error, category } = said as Record<string, unknown>
    if (type === 'try_again' || status === 'pending' || status === 'complete_metadata') return 'not yet'
    if (typeof error !== 'string') return 'done'
    const failed = refused(place, { status: 200, said: error })
    throw category === 'user' || failed.kind === 'EngineEnded' ? failed : unclear(place, error)
  }

  #read<Schema extends z.ZodType>(request: Request, body: string, schema: Schema): z.output<Schema> {
    const place = this.#http.placeOf(request)
    const parsed = schema.safeParse(this.#json(place, body))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw foreign(place, { expected: `${issue?.path.join('.')}: ${issue?.message}`, found: body })
  }

  #json(place: string, body: string): unknown {
    try {
      return parseBoundedJson(body, jsonBounds)
    } catch (error) {
      throw foreign(place, { expected: 'JSON', found: `${(error as Error).message}: ${body}` })
    }
  }

  /** Counts how long a server is away. */
  #awayness(place: string): { wait: (said: Exchanged, signal: AbortSignal | undefined) => Promise<void> } {
    const { backoffMs, patienceMs } = this.#patience
    let since: number | null = null
    let attempts = 0
    return {
      async wait(said, signal) {
        since ??= performance.now()
        const backoff = jittered(Math.min(backoffMs * 2 ** attempts++, maxBackoffMs))
        const waitMs = (said.kind === 'answer' ? said.retryAfterMs : undefined) ?? backoff
        if (performance.now() - since + waitMs > patienceMs) throw away(place, reasonOf(said))
        await delay(waitMs, undefined, given({ signal }))
      },
    }
  }
}

type Passing = Extract<Exchanged, { kind: 'away' | 'answer' }>

/** Whether another attempt may come to something else. */
function mayPass(
  said: Passing,
): said is Extract<Exchanged, { kind: 'away' }> | (Extract<Exchanged, { kind: 'answer' }> & { passing: true }) {
  return said.kind === 'away' || said.status === 408 || said.status === 425 || said.status === 429 || said.status >= 500
}

const mayBeTaken = (said: Passing): boolean => (said.kind === 'away' ? said.sent : said.status !== 429)

const reasonOf = (said: Exchanged): string =>
  said.kind === 'answer' ? `${said.status} ${said.body.slice(0, 200)}`.trim() : said.reason
