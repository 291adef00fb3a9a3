/** Answers of a verifier over HTTP: those that are stored, then requests, several questions in each and several at once. */
import type { VerifierQuestion } from '../../pipelines/rewards/own/verify-types.js'
import { askAll, limitOf } from '../asking/ask-all.js'
import { type EndpointConfig, EndpointServer } from './endpoint-server.js'
import { KeptMarks } from './kept-marks.js'
import type { Answer } from './messages.js'

/**
 * In the order of the questions, each of which is asked once. Marks are stored as they come, so that a second call after a failure asks
 * for the rest.
 * @throws RlevError CallInvalid if the server accepts no request, ServiceUnavailable if it is down (as opposed to failing now and then).
 */
export async function askEndpoint({
  questions,
  config,
  home,
  signal,
  environment = process.env,
}: {
  questions: readonly VerifierQuestion[]
  config: EndpointConfig
  home: string | undefined
  signal?: AbortSignal | undefined
  environment?: NodeJS.ProcessEnv
}): Promise<Answer[]> {
  const marks = new KeptMarks({ home, verifier: config.name })
  const digests = questions.map(question => marks.digest(question))
  const answers = digests.map((digest): Answer | null => {
    const said = marks.read(digest)
    return said === null ? null : { said }
  })
  const open = [...answers.keys()].filter(index => answers[index] === null)
  const batches = Array.from({ length: Math.ceil(open.length / config.batch) }, (_, batch) =>
    open.slice(batch * config.batch, (batch + 1) * config.batch),
  )
  const { attempts, backoffMs, concurrency } = config
  await askAll({
    server: new EndpointServer(config, environment),
    patience: { attempts, backoffMs, concurrency, limit: limitOf(config.url, concurrency) },
    questions: batches.map(batch => batch.map(index => questions[index] as VerifierQuestion)),
    weight: batch => batch.length,
    signal,
    onReply: (number, reply) => {
      for (const [place, index] of (batches[number] ?? []).entries()) {
        const answer: Answer = reply.kind === 'said' ? (reply.said[place] as Answer) : { problem: reply.reason }
        if ('said' in answer) marks.keep(digests[index] as string, questions[index] as VerifierQuestion, answer.said)
        answers[index] = answer
      }
    },
  })
  return answers.map(answer => answer as Answer)
}
