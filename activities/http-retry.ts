/** Resending of HTTP requests, for the MLflow client and the judge. Which outcome may be resent is for the client to say. */
import { setTimeout as delay } from 'node:timers/promises'
import { given } from '../pipelines/given.js'

/** What one attempt came to. */
export interface Attempt<Outcome> {
  outcome: Outcome
  /** Whether another attempt may come to something else, and does no harm. */
  mayResend: boolean
  /** As the server asked in `Retry-After`; it goes before the backoff. */
  retryAfterMs?: number | undefined
}

/**
 * The outcome of the first attempt that may not be resent, or of the last one.
 * @param attempts at most so many, at least 1.
 * @param backoffMs longest wait before the second attempt; doubled with each further one.
 * @param signal aborts the waits between attempts, which then throw an AbortError.
 */
export async function withRetries<Outcome>({
  attempt,
  attempts,
  backoffMs,
  signal,
}: {
  attempt: () => Promise<Attempt<Outcome>>
  attempts: number
  backoffMs: number
  signal?: AbortSignal | undefined
}): Promise<Outcome> {
  for (let made = 1; ; made++) {
    const { outcome, mayResend, retryAfterMs } = await attempt()
    if (!mayResend || made >= attempts) return outcome
    await delay(retryAfterMs ?? jittered(backoffMs * 2 ** (made - 1)), undefined, given({ signal }))
  }
}

/** Between half and all of the wait, so that requests which failed together do not come back together. */
export function jittered(waitMs: number): number {
  return (0.5 + Math.random() / 2) * waitMs
}

/**
 * The wait that a `Retry-After` header asks for, in seconds or as a date. Undefined without a header that can be read.
 * @param maxMs longest wait that a server can ask for.
 */
export function retryAfterMs(header: string | null, { maxMs }: { maxMs: number }): number | undefined {
  if (header === null) return undefined
  const wait = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), maxMs) : undefined
}

/** Why `fetch` failed: the message of its cause (`connect ECONNREFUSED ...`) if it has one, since its own says nothing. */
export function fetchFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}

const neverConnectedCodes = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

/** Whether `fetch` failed before anything was sent. */
export function neverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return (
    typeof cause === 'object' && cause !== null && 'code' in cause && neverConnectedCodes.includes(String(cause.code))
  )
}
