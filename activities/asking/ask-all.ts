/**
 * Many questions to one server, several at once, each resent until it is settled or its attempts are used up. A question that stays
 * without an answer is the question's affair; a server that answers none is an outage, for which the caller waits.
 */
import pLimit, { type LimitFunction } from 'p-limit'
import type { RlevError } from '../../pipelines/errors.js'
import { type Attempt, withRetries } from '../http-retry.js'
import type { Posted } from './post-json.js'

export type Reply<Said> = { kind: 'said'; said: Said } | Exclude<Posted, { kind: 'body' | 'unusable' }>

export interface Server<Question, Said> {
  /** @throws RlevError CallInvalid if the server answers no question with this config and environment. */
  ask(question: Question, signal: AbortSignal): Promise<Reply<Said>>
  /** Asked if no question was answered: a server may fail on certain questions, or refuse them. Those are unscored; it is no outage. */
  probe: Question
  /** The error for a server that refuses every question. */
  unusable(found: string): RlevError
  /** The error for a server that does not answer. */
  silent(found: string): RlevError
}

export interface Patience {
  /** Of one question. */
  attempts: number
  backoffMs: number
  concurrency: number
  /** Requests of this process to the server. */
  limit: LimitFunction
}

/** After so many questions in a row without an answer, the probe tells whether the server is down. */
const maxFailuresInARow = 32

interface Asking<Question, Said> {
  server: Server<Question, Said>
  patience: Patience
  signal: AbortSignal
  failuresInARow: number
  /** Whether any question was answered, well or badly. */
  replied: boolean
  requests: number
}

/**
 * Calls `onReply` with the last reply to each question, as it comes.
 * @param weight how many questions one of `questions` stands for.
 * @throws RlevError what `server` says for one that is unusable or silent. The reason of an aborted signal is thrown on.
 */
export async function askAll<Question, Said>({
  server,
  patience,
  questions,
  weight = () => 1,
  signal: given,
  onReply,
}: {
  server: Server<Question, Said>
  patience: Patience
  questions: readonly Question[]
  weight?: (question: Question) => number
  signal?: AbortSignal | undefined
  onReply: (index: number, reply: Reply<Said>) => void
}): Promise<{ requests: number }> {
  const stop = new AbortController()
  const signal = given === undefined ? stop.signal : AbortSignal.any([stop.signal, given])
  const asking: Asking<Question, Said> = { server, patience, signal, failuresInARow: 0, replied: false, requests: 0 }
  const open = [...questions.entries()]
  let failure: { error: unknown } | undefined
  const lane = async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const [index, question] = next
      const reply = await insist(question, asking)
      onReply(index, reply)
      if (reply.kind !== 'away') continue
      asking.failuresInARow += weight(question)
      if (asking.failuresInARow >= maxFailuresInARow) await probe(asking)
    }
  }
  const lanes = Array.from({ length: Math.min(patience.concurrency, open.length) }, async () => {
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
  if (questions.length > 0 && !asking.replied) await probe(asking)
  return { requests: asking.requests }
}

/** The first reply that settles the question, or the last one. */
async function insist<Question, Said>(question: Question, asking: Asking<Question, Said>): Promise<Reply<Said>> {
  const { server, patience, signal } = asking
  return withRetries({
    attempt: async (): Promise<Attempt<Reply<Said>>> => {
      const reply = await patience.limit(() => {
        signal.throwIfAborted()
        asking.requests++
        return server.ask(question, signal)
      })
      if (reply.kind !== 'away') asking.failuresInARow = 0
      if (reply.kind === 'said' || reply.kind === 'nonsense') asking.replied = true
      return {
        outcome: reply,
        mayResend: reply.kind === 'away' || reply.kind === 'nonsense',
        retryAfterMs: reply.kind === 'away' ? reply.retryAfterMs : undefined,
      }
    },
    attempts: patience.attempts,
    backoffMs: patience.backoffMs,
    signal,
  })
}

/** Throws unless the server gives some answer. */
async function probe<Question, Said>(asking: Asking<Question, Said>): Promise<void> {
  const { server } = asking
  const reply = await insist(server.probe, asking)
  if (reply.kind === 'refused') throw server.unusable(reply.reason)
  if (reply.kind === 'away') throw server.silent(reply.reason)
}

const limits = new Map<string, LimitFunction>()

/** One for all activities of this process that ask the same server: the limit is the server's, not a caller's. */
export function limitOf(address: string, concurrency: number): LimitFunction {
  const key = `${concurrency} ${address}`
  const limit = limits.get(key) ?? pLimit(concurrency)
  limits.set(key, limit)
  return limit
}
