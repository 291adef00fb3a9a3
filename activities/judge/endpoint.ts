/** One request to a judge: a chat completion over HTTP. */
import type { JudgeConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import type { JudgeQuestion } from '../../pipelines/rewards/judge/prompt.js'
import { judgeRequest } from '../../pipelines/rewards/judge/prompt.js'
import { longestBody, readVerdict } from '../../pipelines/rewards/judge/verdict.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'
import type { Reply, Server } from '../asking/ask-all.js'
import { keyIn, postJson } from '../asking/post-json.js'

/** The only place of the key. */
export const keyVariable = 'RLEV_JUDGE_KEY'

type Said = Exclude<Verdict, 'unscored'>

export class JudgeEndpoint implements Server<JudgeQuestion, Said> {
  readonly address: string
  readonly probe: JudgeQuestion = { question: '1+1=', reference: '2', answer: '2' }
  readonly #model: string
  readonly #timeoutMs: number
  readonly #key: string | undefined

  constructor({ url, model, timeout }: JudgeConfig, environment: NodeJS.ProcessEnv = process.env) {
    this.address = `${url.replace(/\/+$/, '')}/chat/completions`
    this.#model = model
    this.#timeoutMs = timeout * 1000
    this.#key = keyIn(environment, keyVariable)
  }

  async ask(question: JudgeQuestion, signal: AbortSignal): Promise<Reply<Said>> {
    const posted = await postJson({
      address: this.address,
      key: this.#key,
      content: judgeRequest(question, this.#model),
      timeoutMs: this.#timeoutMs,
      maxBytes: longestBody,
      signal,
    })
    if (posted.kind === 'unusable') throw this.unusable(posted.reason)
    if (posted.kind !== 'body') return posted
    const reading = readVerdict(posted.body)
    return 'verdict' in reading
      ? { kind: 'said', said: reading.verdict }
      : { kind: 'nonsense', reason: reading.nonsense }
  }

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

  silent(found: string): RlevError {
    return new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the judge does not answer',
      place: this.address,
      expected: 'any answer',
      found,
      remedy: 'start the judge, or correct judge.url; the run waits for it and keeps the verdicts that it has',
    })
  }
}
