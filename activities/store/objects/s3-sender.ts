/**
 * Requests to an S3 server, each sent again as its answer allows: the server is busy, somebody else writes the key, or no answer came. What
 * an unanswered write did is not known; its caller reads back before it believes that a condition failed (s3.ts).
 */
import { S3Client } from '@aws-sdk/client-s3'
import { given } from '../../../pipelines/given.js'
import { withRetries } from '../../http-retry.js'
import { type Answer, answerOf, storeError } from './s3-errors.js'

export interface SenderOptions {
  /** Requests until one is given up. */
  attempts?: number
  /** Longest wait before the second attempt; doubled with each further one. (ms) */
  backoffMs?: number
  /** Of one request without an answer. (ms) */
  timeoutMs?: number
  /** Aborts requests and waits, such as of an activity that is cancelled. */
  signal?: () => AbortSignal | undefined
}

export type Sent<Output> = { kind: 'output'; output: Output } | { kind: Extract<Answer, 'missing' | 'refused'> }

export class S3Sender {
  readonly client: S3Client
  readonly #attempts: number
  readonly #backoffMs: number
  readonly #signal: () => AbortSignal | undefined
  /** The store's clock minus this machine's, in ms; undefined before the first answer. */
  #ahead: number | undefined

  constructor({ attempts = 7, backoffMs = 200, timeoutMs = 60_000, signal = () => undefined }: SenderOptions = {}) {
    this.#attempts = attempts
    this.#backoffMs = backoffMs
    this.#signal = signal
    // The version is pinned: nobody who runs it can do anything about the SDK's plans.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
    this.client = new S3Client({
      ...ownServer(),
      // Which answers to repeat depends on conditions, which the SDK's retries do not read back.
      maxAttempts: 1,
      // Each write carries a sha256 of ours, and what is read is compared with digests.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: 5_000, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    })
    this.client.middlewareStack.add(
      next => async call => {
        const result = await next(call)
        const { headers } = result.response as { headers?: Record<string, string> }
        const date = Date.parse(headers?.['date'] ?? '')
        if (Number.isFinite(date)) this.#ahead = date - Date.now()
        return result
      },
      { step: 'deserialize', name: 'storesClock' },
    )
  }

  /** Undefined before the first answer. */
  now(): number | undefined {
    return this.#ahead === undefined ? undefined : Date.now() + this.#ahead
  }

  /** `place`: for errors. Throws ServiceUnavailable, NoStorage or CallInvalid. */
  async send<Output>(
    place: string,
    request: (abort: { abortSignal?: AbortSignal }) => Promise<Output>,
  ): Promise<Sent<Output>> {
    const signal = this.#signal()
    const outcome = await withRetries<Sent<Output> | { kind: 'error'; error: unknown }>({
      attempt: async () => {
        signal?.throwIfAborted()
        try {
          return {
            outcome: { kind: 'output', output: await request(given({ abortSignal: signal })) },
            mayResend: false,
          }
        } catch (error) {
          signal?.throwIfAborted()
          const answer = answerOf(error)
          if (answer === 'missing' || answer === 'refused') return { outcome: { kind: answer }, mayResend: false }
          return { outcome: { kind: 'error', error }, mayResend: answer !== 'other' }
        }
      },
      attempts: this.#attempts,
      backoffMs: this.#backoffMs,
      signal,
    })
    if (outcome.kind === 'error') throw storeError(outcome.error, place, this.#attempts)
    return outcome
  }
}

/** Servers other than AWS have the bucket in the path, since no DNS knows it, and any region. */
function ownServer(): { endpoint?: string; forcePathStyle?: boolean; region?: string } {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_DEFAULT_REGION } = process.env
  const endpoint = AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined
  const region = AWS_REGION || AWS_DEFAULT_REGION || (endpoint === undefined ? undefined : 'us-east-1')
  return { ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }), ...given({ region }) }
}
