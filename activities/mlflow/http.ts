/**
 * Requests to an MLflow server: authentication from the environment, a time limit, and resending of what is safe to resend.
 *
 * A call that creates something is resent only when it surely did not happen (connection refused, 408, 429): MLflow can
 * answer 503 after it has committed. A call that changes nothing when repeated is resent on every 5xx and broken connection.
 * What still fails is ServiceUnavailable where the server may come back, and MlflowError where it has said no.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { authentication } from './address.js'

export interface HttpOptions {
  address: string
  /** One attempt's limit. (ms) */
  timeout?: number
  /** Attempts of one call; beyond them the caller decides, which in an activity is Temporal. */
  attempts?: number
  /** Longest wait before the first resending; doubled each time. (ms) */
  backoff?: number
  environment?: NodeJS.ProcessEnv
}

export interface HttpCall {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT'
  /** From the server's root: `/api/2.0/mlflow/runs/create`. */
  path: string
  query?: Record<string, string>
  /** Sent as JSON, or as it is. */
  body?: unknown
  bytes?: Uint8Array
  /** Whether a second time is as good as once. */
  repeatable: boolean
  /** Aborts the call and its waits. */
  signal?: AbortSignal
}

/** What MLflow said no with. */
export class MlflowError extends Error {
  readonly status: number
  readonly errorCode: string
  readonly endpoint: string

  constructor(parts: { status: number; errorCode: string; endpoint: string; message: string }) {
    super(`${parts.endpoint}: ${parts.status} ${parts.errorCode}: ${parts.message}`)
    this.name = 'MlflowError'
    this.status = parts.status
    this.errorCode = parts.errorCode
    this.endpoint = parts.endpoint
  }
}

export class MlflowHttp {
  readonly address: string
  readonly #headers: Record<string, string>
  readonly #timeout: number
  readonly #attempts: number
  readonly #backoff: number

  constructor({ address, timeout = 20_000, attempts = 4, backoff = 250, environment = process.env }: HttpOptions) {
    this.address = address.replace(/\/+$/, '')
    this.#timeout = timeout
    this.#attempts = attempts
    this.#backoff = backoff
    this.#headers = authentication(environment)
  }

  /** The parsed answer of a JSON call. Throws MlflowError for a refusal, ServiceUnavailable where no answer came. */
  json<T>(call: HttpCall): Promise<T> {
    return this.#send(call, bytes => {
      const text = textOf(bytes)
      return (text === '' ? {} : JSON.parse(text)) as T
    })
  }

  bytes(call: HttpCall): Promise<Uint8Array> {
    return this.#send(call, bytes => bytes)
  }

  /** `read` throws for an answer that is not MLflow's: then nobody knows what happened. */
  async #send<T>(call: HttpCall, read: (bytes: Uint8Array) => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(call, read)
      if (outcome.kind === 'answer') return outcome.value
      const mayResend = outcome.kind === 'did not happen' || (outcome.kind === 'unclear' && call.repeatable)
      if (!mayResend || attempt >= this.#attempts) throw outcome.error
      const wait = outcome.retryAfter ?? Math.random() * this.#backoff * 2 ** (attempt - 1)
      await delay(wait, undefined, given({ signal: call.signal }))
    }
  }

  async #attempt<T>(call: HttpCall, read: (bytes: Uint8Array) => T): Promise<Outcome<T>> {
    const endpoint = `${call.method} ${call.path}`
    const url = new URL(this.address + call.path)
    for (const [key, value] of Object.entries(call.query ?? {})) url.searchParams.set(key, value)
    const headers: Record<string, string> = { ...this.#headers }
    if (call.body !== undefined) headers['content-type'] = 'application/json'
    const limit = AbortSignal.timeout(this.#timeout)
    let response: Response
    let bytes: Uint8Array
    try {
      response = await fetch(url, {
        method: call.method,
        headers,
        signal: call.signal === undefined ? limit : AbortSignal.any([limit, call.signal]),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.bytes === undefined ? {} : { body: new Uint8Array(call.bytes) }),
      })
      bytes = new Uint8Array(await response.arrayBuffer())
    } catch (cause) {
      if (call.signal?.aborted) throw cause
      const error = unavailable('the MLflow server does not answer', url, reason(cause), cause)
      return { kind: neverConnected(cause) ? 'did not happen' : 'unclear', error }
    }
    if (response.ok) {
      try {
        return { kind: 'answer', value: read(bytes) }
      } catch (cause) {
        const found = `${endpoint}: ${textOf(bytes).slice(0, 200)}`
        return { kind: 'unclear', error: unavailable('the answer is not one of MLflow', url, found, cause) }
      }
    }
    const refused = refusal(endpoint, response.status, textOf(bytes))
    const retryAfter = waitOf(response.headers.get('retry-after'))
    const mayPass = passing.includes(response.status)
    const error = mayPass ? unavailable('the MLflow server cannot answer now', url, refused.message, refused) : refused
    if (response.status === 408 || response.status === 429) return { kind: 'did not happen', error, ...retryAfter }
    if (response.status >= 500) return { kind: 'unclear', error, ...retryAfter }
    return { kind: 'refused', error }
  }
}

type Outcome<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'did not happen' | 'unclear' | 'refused'; error: Error; retryAfter?: number }

/** What a server that is busy, or a gateway before one that is away, answers; 500 is MLflow's for a fault of its own. */
const passing = [408, 429, 502, 503, 504]

function unavailable(message: string, url: URL, found: string, cause: unknown): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message,
    place: url.origin,
    found,
    remedy: 'run `rlev up`, or look at MLFLOW_TRACKING_URI',
    cause,
  })
}

function refusal(endpoint: string, status: number, text: string): Error {
  let errorCode = 'NO_ERROR_CODE'
  let message = text.slice(0, 500)
  // A proxy's 502 is HTML; only what looks like MLflow's JSON is parsed.
  if (text.startsWith('{')) {
    try {
      const answer = JSON.parse(text) as { error_code?: string; message?: string }
      errorCode = answer.error_code ?? errorCode
      message = answer.message ?? message
    } catch {
      // Not JSON after all: the text itself is the message.
    }
  }
  if (status === 403 && /Invalid Host header/.test(text)) {
    message += ' (start the server with MLFLOW_SERVER_ALLOWED_HOSTS set to this host name, with and without port)'
  }
  return new MlflowError({ status, errorCode, endpoint, message })
}

function waitOf(header: string | null): { retryAfter?: number } {
  const seconds = header === null ? Number.NaN : Number(header)
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfter: Math.min(seconds, 30) * 1000 } : {}
}

const neverConnectedCodes = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

function neverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return (
    typeof cause === 'object' && cause !== null && 'code' in cause && neverConnectedCodes.includes(String(cause.code))
  )
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
