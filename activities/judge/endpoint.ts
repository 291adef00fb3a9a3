/** One request to a judge: a chat completion over HTTP, with a limit on its time and on what is read of its answer. */
import type { JudgeConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { shortened } from '../../pipelines/printable.js'
import type { JudgeQuestion } from '../../pipelines/rewards/judge/prompt.js'
import { judgeRequest } from '../../pipelines/rewards/judge/prompt.js'
import { longestBody, readVerdict } from '../../pipelines/rewards/judge/verdict.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'
import { fetchFailure, retryAfterMs } from '../http-retry.js'

/** The only place of the key. */
export const keyVariable = 'RLEV_JUDGE_KEY'

export type Reply =
  | { kind: 'verdict'; verdict: Exclude<Verdict, 'unscored'> }
  /** Not a verdict; another request may give one. */
  | { kind: 'nonsense'; reason: string }
  /** The server refuses this question; another request gives the same. */
  | { kind: 'refused'; reason: string }
  /** The server is busy, broken, slow or down. */
  | { kind: 'away'; reason: string; retryAfterMs?: number }

/** Longest wait that the server can ask for. */
const maxRetryAfterMs = 120_000

export class JudgeEndpoint {
  readonly address: string
  readonly #model: string
  readonly #timeoutMs: number
  readonly #headers: Record<string, string>

  constructor({ url, model, timeout }: JudgeConfig, environment: NodeJS.ProcessEnv = process.env) {
    this.address = `${url.replace(/\/+$/, '')}/chat/completions`
    this.#model = model
    this.#timeoutMs = timeout * 1000
    const key = environment[keyVariable]?.trim() ?? ''
    this.#headers = { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) }
  }

  /**
   * @throws RlevError CallInvalid if the server answers no question with this config and environment. The reason of an aborted signal is
   * thrown on.
   */
  async ask(question: JudgeQuestion, signal: AbortSignal): Promise<Reply> {
    let response: Response
    let body: string | null
    try {
      response = await fetch(this.address, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify(judgeRequest(question, this.#model)),
        signal: AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), signal]),
        // Questions and key go where the config says, and nowhere else.
        redirect: 'manual',
      })
      body = await textOf(response)
    } catch (error) {
      if (signal.aborted) throw error
      return { kind: 'away', reason: fetchFailure(error) }
    }
    const { status } = response
    if (status === 200) {
      if (body === null) return { kind: 'nonsense', reason: `a body of more than ${longestBody} bytes` }
      const reading = readVerdict(body)
      return 'verdict' in reading
        ? { kind: 'verdict', verdict: reading.verdict }
        : { kind: 'nonsense', reason: reading.nonsense }
    }
    const reason = `${status} ${response.statusText}`.trim()
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      const header = response.headers.get('retry-after')
      return { kind: 'away', reason, ...given({ retryAfterMs: retryAfterMs(header, { maxMs: maxRetryAfterMs }) }) }
    }
    if (status < 300) return { kind: 'nonsense', reason }
    // The server may quote the header that it refused, and the key is in it.
    const quoted = `${reason} ${shortened(this.#withoutKey(body ?? ''), 300)}`.trim()
    if (status === 400 || status === 413 || status === 422) return { kind: 'refused', reason: quoted }
    throw this.unusable(quoted)
  }

  /** The error for a server that answers no question with this config. */
  unusable(found: string): RlevError {
    return new RlevError({
      kind: 'CallInvalid',
      message: 'the judge does not accept requests as configured',
      place: this.address,
      expected: 'an OpenAI-compatible chat completion',
      found,
      remedy: `check judge.url and judge.model, and ${keyVariable} in the environment of the workers (after a change: \`rlev down\`, \`rlev up\`)`,
    })
  }

  #withoutKey(text: string): string {
    const key = this.#headers['authorization']?.slice('Bearer '.length)
    return key === undefined ? text : text.replaceAll(key, '***')
  }
}

/** Null if it is longer than any verdict; the rest is not read. */
async function textOf(response: Response): Promise<string | null> {
  if (response.body === null) return ''
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    bytes += part.length
    // Leaving the loop cancels the body and closes the connection.
    if (bytes > longestBody) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
