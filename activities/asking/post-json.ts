/** One JSON request to a server that answers questions, with a limit on its time and on what is read of its answer. */
import { given } from '../../pipelines/given.js'
import { shortened } from '../../pipelines/printable.js'
import { fetchFailure, retryAfterMs } from '../http-retry.js'

export type Posted =
  | { kind: 'body'; body: string }
  /** Not an answer; another request may give one. */
  | { kind: 'nonsense'; reason: string }
  /** The server refuses this question; another request gives the same. */
  | { kind: 'refused'; reason: string }
  /** The server is busy, broken, slow or down. */
  | { kind: 'away'; reason: string; retryAfterMs?: number }
  /** The server refuses every question: address, key or path are wrong. */
  | { kind: 'unusable'; reason: string }

/** Longest wait that the server can ask for. */
const maxRetryAfterMs = 120_000

/**
 * The reason of an aborted signal is thrown on.
 * @param key is sent as a bearer token; the environment is its only place.
 * @param maxBytes of the answer. The rest is not read.
 */
export async function postJson({
  address,
  key,
  content,
  timeoutMs,
  maxBytes,
  signal,
}: {
  address: string
  key: string | undefined
  content: object
  timeoutMs: number
  maxBytes: number
  signal: AbortSignal
}): Promise<Posted> {
  let response: Response
  let body: string | null
  try {
    response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(content),
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]),
      // Questions and key go where the config says, and nowhere else.
      redirect: 'manual',
    })
    body = await boundedText(response, maxBytes)
  } catch (error) {
    if (signal.aborted) throw error
    return { kind: 'away', reason: fetchFailure(error) }
  }
  const { status } = response
  if (status === 200)
    return body === null
      ? { kind: 'nonsense', reason: `a body of more than ${maxBytes} bytes` }
      : { kind: 'body', body }
  const reason = `${status} ${response.statusText}`.trim()
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const header = response.headers.get('retry-after')
    return { kind: 'away', reason, ...given({ retryAfterMs: retryAfterMs(header, { maxMs: maxRetryAfterMs }) }) }
  }
  if (status < 300) return { kind: 'nonsense', reason }
  // The server may quote the header that it refused, and the key is in it.
  const said = key === undefined ? (body ?? '') : (body ?? '').replaceAll(key, '***')
  const quoted = `${reason} ${shortened(said, 300)}`.trim()
  return { kind: status === 400 || status === 413 || status === 422 ? 'refused' : 'unusable', reason: quoted }
}

/** The body of an answer; null if it is longer than the limit. */
export async function boundedText(response: Response, maxBytes: number): Promise<string | null> {
  if (response.body === null) return ''
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    bytes += part.length
    // Leaving the loop cancels the body and closes the connection.
    if (bytes > maxBytes) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** The key in an environment variable; undefined if it is blank. */
export function keyIn(environment: NodeJS.ProcessEnv, variable: string | undefined): string | undefined {
  const key = variable === undefined ? '' : (environment[variable]?.trim() ?? '')
  return key === '' ? undefined : key
}
