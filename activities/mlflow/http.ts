/**
 * Requests to an MLflow server: authentication from the environment, a time limit, and resending of what is safe to resend.
 *
 * A call that creates something is resent only if it certainly did not happen (connection refused, 408, 429): MLflow can
 * answer 503 after it has committed. A call that changes nothing if repeated is resent on every 5xx and broken connection.
 * What still fails is ServiceUnavailable if the server may come back, and MlflowError if it refused the call.
 */
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { type Attempt, fetchFailure, neverConnected, retryAfterMs, withRetries } from '../http-retry.js'
import { authentication } from './address.js'

export interface HttpOptions {
  address: string
  /** Limit of one attempt. */
  timeoutMs?: number
  /** Attempts of one call. After them the caller decides; in an activity that is Temporal. */
  attempts?: number
  /** Longest wait before the second attempt; doubled each time. */
  backoffMs?: number
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
  /** Whether sending it twice has the same effect as once. */
  repeatable: boolean
  /** Aborts the call and its waits. */
  signal?: AbortSignal
}

/** A refusal by MLflow. */
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
  readonly #timeoutMs: number
  readonly #attempts: number
  readonly #backoffMs: number

  constructor({ address, timeoutMs = 20_000, attempts = 4, backoffMs = 250, environment = process.env }: HttpOptions) {
    this.address = address.replace(/\/+$/, '')
    this.#timeoutMs = timeoutMs
    this.#attempts = attempts
    this.#backoffMs = backoffMs
    this.#headers = authentication(environment)
  }

  /** The parsed answer of a JSON call. Throws MlflowError for a refusal, ServiceUnavailable if no answer came. */
  json<T>(call: HttpCall): Promise<T> {
    return this.#send(call, bytes => {
      const text = textOf(bytes)
      return (text === '' ? {} : JSON.parse(text)) as T
    })
  }

  bytes(call: HttpCall): Promise<Uint8Array> {
    return this.#send(call, bytes => bytes)
  }

  /** `read` throws if the answer is not MLflow's: it is then unclear what happened. */
  async #send<T>(call: HttpCall, read: (bytes: Uint8Array) => T): Promise<T> {
    const outcome = await withRetries({
      attempt: async (): Promise<Attempt<Outcome<T>>> => {
        const outcome = await this.#attempt(call, read)
        const mayResend = outcome.kind === 'did not happen' || (outcome.kind === 'unclear' && call.repeatable)
        return { outcome, mayResend, retryAfterMs: outcome.kind === 'answer' ? undefined : outcome.retryAfterMs }
      },
      attempts: this.#attempts,
      backoffMs: this.#backoffMs,
      signal: call.signal,
    })
    if (outcome.kind === 'answer') return outcome.value
    throw outcome.error
  }

  async #attempt<T>(call: HttpCall, read: (bytes: Uint8Array) => T): Promise<Outcome<T>> {
    const endpoint = `${call.method} ${call.path}`
    const url = new URL(this.address + call.path)
    for (const [key, value] of Object.entries(call.query ?? {})) url.searchParams.set(key, value)
    const headers: Record<string, string> = { ...this.#headers }
    if (call.body !== undefined) headers['content-type'] = 'application/json'
    const limit = AbortSignal.timeout(this.#timeoutMs)
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
      const error = unavailable('the MLflow server does not answer', url, fetchFailure(cause), cause)
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
    const wait = given({ retryAfterMs: retryAfterMs(response.headers.get('retry-after'), { maxMs: maxRetryAfterMs }) })
    const mayPass = passing.includes(response.status)
    const error = mayPass ? unavailable('the MLflow server cannot answer now', url, refused.message, refused) : refused
    if (response.status === 408 || response.status === 429) return { kind: 'did not happen', error, ...wait }
    if (response.status >= 500) return { kind: 'unclear', error, ...wait }
    return { kind: 'refused', error }
  }
}

type Outcome<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'did not happen' | 'unclear' | 'refused'; error: Error; retryAfterMs?: number }

/** Longest wait that the server can ask for. */
const maxRetryAfterMs = 30_000

/** Status codes of a busy server, or of a gateway in front of one that is down; 500 is an error inside MLflow. */
const passing = [408, 429, 502, 503, 504]

function unavailable(message: string, url: URL, found: string, cause: unknown): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message,
    place: url.origin,
    found,
    remedy: 'run `rlev up`, or check MLFLOW_TRACKING_URI',
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

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
