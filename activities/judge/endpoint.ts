/** One request to a judge: a chat completion over HTTP, with a limit on its time and on what is read of its answer. */
import type { JudgeConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { shortened } from '../../pipelines/printable.js'
import { judgeRequest } from '../../pipelines/rewards/judge/prompt.js'
import type { JudgeQuestion } from '../../pipelines/rewards/judge/question.js'
import { longestBody, readVerdict } from '../../pipelines/rewards/judge/verdict.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'

/** Holds the key; nothing else does. */
export const keyVariable = 'RLEV_JUDGE_KEY'

export type Reply =
  | { kind: 'verdict'; verdict: Exclude<Verdict, 'unscored'> }
  /** Something that is no verdict: another request may give one. */
  | { kind: 'nonsense'; reason: string }
  /** This very question: another request gives the same. */
  | { kind: 'refused'; reason: string }
  /** Busy, broken, slow or gone. `wait`: as long as it asked for, in ms. */
  | { kind: 'away'; reason: string; wait?: number }

/** Longest wait that a server can ask for. (ms) */
const longestWait = 120_000

export class JudgeEndpoint {
  readonly address: string
  readonly #model: string
  readonly #timeout: number
  readonly #headers: Record<string, string>

  constructor({ url, model, timeout }: JudgeConfig, environment: NodeJS.ProcessEnv = process.env) {
    this.address = `${url.replace(/\/+$/, '')}/chat/completions`
    this.#model = model
    this.#timeout = timeout * 1000
    const key = environment[keyVariable]?.trim() ?? ''
    this.#headers = { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) }
  }

  /**
   * @throws RlevError CallInvalid where the server will answer nothing as long as config and environment are as they are. What the
   * signal is aborted with is thrown on.
   */
  async ask(question: JudgeQuestion, signal: AbortSignal): Promise<Reply> {
    let response: Response
    let body: string | null
    try {
      response = await fetch(this.address, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify(judgeRequest(question, this.#model)),
        signal: AbortSignal.any([AbortSignal.timeout(this.#timeout), signal]),
        // Questions and key go where the config says, and nowhere else.
        redirect: 'manual',
      })
      body = await textOf(response)
    } catch (error) {
      if (signal.aborted) throw error
      return { kind: 'away', reason: reasonOf(error) }
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
    if (status === 408 || status === 425 || status === 429 || status >= 500)
      return { kind: 'away', reason, ...waitOf(response.headers.get('retry-after')) }
    if (status < 300) return { kind: 'nonsense', reason }
    // A server that quotes the header it did not like must not have it told on.
    const quoted = `${reason} ${shortened(this.#withoutKey(body ?? ''), 300)}`.trim()
    if (status === 400 || status === 413 || status === 422) return { kind: 'refused', reason: quoted }
    throw this.unusable(quoted)
  }

  /** The error of a server that answers no question as it is asked. */
  unusable(found: string): RlevError {
    return new RlevError({
      kind: 'CallInvalid',
      message: 'the judge cannot be asked as it is configured',
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

/** Null for more than a verdict can need; the rest is not read. */
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

/** Seconds, or a date. */
function waitOf(header: string | null): { wait?: number } {
  if (header === null) return {}
  const milliseconds = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(milliseconds) ? { wait: Math.min(Math.max(0, milliseconds), longestWait) } : {}
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
