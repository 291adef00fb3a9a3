/**
 * One HTTP exchange with a Tinker server: address, key, time limit and a limit on what is read. The key is in the header of requests to
 * the server's own origin, and nowhere else.
 */
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { boundedText, keyIn } from '../asking/post-json.js'
import { fetchFailure, neverConnected, retryAfterMs } from '../http-retry.js'
import { keyVariable } from './errors.js'

export interface Exchange {
  method: 'GET' | 'POST' | 'DELETE'
  /** Below `/api/v1/`. */
  path: string
  /** Sent as JSON. */
  content?: object
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export type Exchanged =
  | { kind: 'answer'; status: number; body: string; location?: string; retryAfterMs?: number }
  /** `sent`: whether the server may have taken the request. */
  | { kind: 'away'; reason: string; sent: boolean; late: boolean }
  | { kind: 'too long'; reason: string }

/** Longest wait that the server can ask for. */
const maxRetryAfterMs = 60_000

export class TinkerHttp {
  readonly address: string
  readonly #key: string | undefined
  readonly #maxBytes: number

  /** Throws CallInvalid for an address that no key may be sent to. */
  constructor({
    url,
    environment,
    maxBytes,
  }: {
    url: string
    environment: NodeJS.ProcessEnv
    /** Of one answer. */
    maxBytes: number
  }) {
    this.#key = keyIn(environment, keyVariable)
    this.address = checkedAddress(url, this.#key !== undefined)
    this.#maxBytes = maxBytes
  }

  placeOf({ method, path }: Pick<Exchange, 'method' | 'path'>): string {
    return `${method} ${this.address}/api/v1/${path}`
  }

  /** The reason of an aborted signal is thrown on. */
  async exchange({ method, path, content, timeoutMs, signal }: Exchange): Promise<Exchanged> {
    const limit = AbortSignal.timeout(timeoutMs)
    let response: Response
    let body: string | null
    try {
      response = await fetch(`${this.address}/api/v1/${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...given({ 'x-api-key': this.#key }),
          ...(content === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(content === undefined ? {} : { body: JSON.stringify(content) }),
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      })
      body = await boundedText(response, this.#maxBytes)
    } catch (error) {
      signal?.throwIfAborted()
      const late = error instanceof Error && error.name === 'TimeoutError'
      return { kind: 'away', reason: fetchFailure(error), sent: !neverConnected(error), late }
    }
    if (body === null) return { kind: 'too long', reason: `a body of more than ${this.#maxBytes} bytes` }
    const { headers, status } = response
    return {
      kind: 'answer',
      status,
      body: this.withoutKey(body),
      ...given({
        location: headers.get('location') ?? undefined,
        retryAfterMs: retryAfterMs(headers.get('retry-after'), { maxMs: maxRetryAfterMs }),
      }),
    }
  }

  /** Opens a download. A redirect to another origin, as to a store of files, is followed without the key. */
  async download(path: string, { timeoutMs, signal }: Pick<Exchange, 'timeoutMs' | 'signal'>): Promise<Response> {
    const limit = AbortSignal.timeout(timeoutMs)
    const own = new URL(this.address).origin
    let url = new URL(`${this.address}/api/v1/${path}`)
    for (let redirects = 0; ; redirects++) {
      const response = await fetch(url, {
        headers: url.origin === own ? given({ 'x-api-key': this.#key }) : {},
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      })
      const location = response.headers.get('location')
      if (response.status < 300 || response.status >= 400 || location === null || redirects === 5) return response
      await response.body?.cancel()
      url = new URL(location, url)
      if (!['http:', 'https:'].includes(url.protocol)) return new Response(null, { status: 502 })
    }
  }

  /** A server may quote the header that it refused. */
  withoutKey(text: string): string {
    return this.#key === undefined ? text : text.replaceAll(this.#key, '***')
  }
}

function checkedAddress(url: string, hasKey: boolean): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  const invalid = (message: string, expected: string, remedy: string) =>
    new RlevError({ kind: 'CallInvalid', message, place: 'address of the Tinker server', expected, found: url, remedy })
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw invalid('the address is no HTTP address', 'http://HOST:PORT or https://...', 'correct the address')
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalid('the address holds a password', 'an address without one', `put the key into ${keyVariable}`)
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    throw invalid('the address has a query or a fragment', 'the address of the server alone', 'leave it out')
  }
  const isHere = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(parsed.hostname)
  if (hasKey && parsed.protocol === 'http:' && !isHere) {
    const remedy = `use https, or unset ${keyVariable}: SkyRL asks for no key`
    throw invalid('the key would be sent unencrypted', 'https, or a server on this machine', remedy)
  }
  return url.replace(/\/+$/, '')
}
