/** One request to a verifier of the user that answers over HTTP: a batch of questions. */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { endpointRequest, maxAnswerBytes, readMarks } from '../../pipelines/rewards/own/endpoint.js'
import type { VerifierQuestion } from '../../pipelines/rewards/own/verify-types.js'
import type { Reply, Server } from '../asking/ask-all.js'
import { keyIn, postJson } from '../asking/post-json.js'
import type { Answer } from './messages.js'

export type EndpointConfig = NonNullable<ExperimentConfig['reward']['endpoint']>

export class EndpointServer implements Server<readonly VerifierQuestion[], Answer[]> {
  /** A request without questions: any answer shows that somebody is there. */
  readonly probe: readonly VerifierQuestion[] = []
  readonly #config: EndpointConfig
  readonly #key: string | undefined

  constructor(config: EndpointConfig, environment: NodeJS.ProcessEnv) {
    this.#config = config
    this.#key = keyIn(environment, config.keyVariable)
  }

  async ask(questions: readonly VerifierQuestion[], signal: AbortSignal): Promise<Reply<Answer[]>> {
    const { url, name, timeoutMs } = this.#config
    const posted = await postJson({
      address: url,
      key: this.#key,
      content: endpointRequest(questions, name),
      timeoutMs,
      maxBytes: maxAnswerBytes(questions.length),
      signal,
    })
    if (posted.kind === 'unusable') throw this.unusable(posted.reason)
    if (posted.kind !== 'body') return posted
    const read = readMarks(posted.body, questions.length)
    return 'outcomes' in read ? { kind: 'said', said: read.outcomes } : { kind: 'nonsense', reason: read.nonsense }
  }

  unusable(found: string): RlevError {
    const { url, keyVariable } = this.#config
    const key =
      keyVariable === undefined ? 'reward.endpoint.keyVariable' : `${keyVariable} in the environment of the workers`
    return new RlevError({
      kind: 'CallInvalid',
      message: 'the verifier does not accept requests as configured',
      place: url,
      expected: 'an answer to POST, as docs/verifiers.md describes it',
      found,
      remedy: `check reward.endpoint.url and ${key} (after a change of the environment: \`rlev down\`, \`rlev up\`)`,
    })
  }

  silent(found: string): RlevError {
    return new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the verifier does not answer',
      place: this.#config.url,
      expected: 'any answer',
      found,
      remedy: 'start the server, or correct reward.endpoint.url; the run waits for it and keeps the marks that it has',
    })
  }
}
