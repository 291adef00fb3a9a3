/**
 * Marks responses by whatever a config names: rules at once, `math` and modules of the user in processes, servers over HTTP. It knows
 * nothing of Temporal, so that commands use it too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digest } from '../../pipelines/config/digest.js'
import { readProgram } from '../../pipelines/config/program.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { verifierWay } from '../../pipelines/config/verifier-way.js'
import { maxAnswerLength } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { markOfVerdict } from '../../pipelines/rewards/credit.js'
import { finalAnswer } from '../../pipelines/rewards/final-answer.js'
import { markOf } from '../../pipelines/rewards/mark.js'
import { type Answered, markByRule, type ReasonedMark } from '../../pipelines/rewards/marking.js'
import { verifierQuestion } from '../../pipelines/rewards/own/question.js'
import { Store } from '../store/store.js'
import { askEndpoint } from './ask-endpoint.js'
import { keepProgram, programFile } from './kept-program.js'
import type { Answer, MathQuestion, VerifierProgram } from './messages.js'
import { NotLoaded, VerifierEnded } from './verifier-child.js'
import { VerifierHost } from './verifier-host.js'

/** For the heap of a verifier's process. (MB) */
const memoryMb = 512

type Reward = ExperimentConfig['reward']

export class Marker {
  readonly #home: string | undefined
  readonly #store: Store | undefined
  readonly #hosts = new Map<string, Promise<VerifierHost>>()
  readonly #temporary: string[] = []

  /** `home`: where copies of modules and marks of servers are kept; without it they are kept until `end`. */
  constructor({ home }: { home?: string | undefined } = {}) {
    this.#home = home
    this.#store = home === undefined ? undefined : new Store(home)
  }

  /**
   * In the order of the responses; equal questions are asked once. A response without a verdict is unscored, with the reason.
   * @throws RlevError ConfigInvalid if the module cannot be loaded, Drift if it has changed, CallInvalid or ServiceUnavailable for a
   * server that accepts no request or does not answer. The reason of an aborted signal is thrown on.
   */
  async mark(
    responses: readonly Answered[],
    reward: Reward,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<readonly ReasonedMark[]> {
    const way = verifierWay(reward)
    switch (way.kind) {
      case 'rule':
        return markByRule(responses, reward)
      case 'math':
        return this.#marks(responses, reward, {
          questionOf: answered => mathQuestion(answered, reward),
          ask: questions => this.#askProcess(questions, reward, signal),
        })
      case 'program':
        return this.#marks(responses, reward, {
          questionOf: answered => verifierQuestion({ ...answered, answer: reward.answer }),
          ask: questions => this.#askProcess(questions, reward, signal),
        })
      case 'endpoint':
        return this.#marks(responses, reward, {
          questionOf: answered => verifierQuestion({ ...answered, answer: reward.answer }),
          ask: questions => askEndpoint({ questions, config: way.endpoint, home: this.#home, signal }),
        })
      default:
        return way satisfies never
    }
  }

  /** Ends idle processes, and removes what was kept for the time. */
  async end(): Promise<void> {
    for (const host of this.#hosts.values()) (await host).end()
    this.#hosts.clear()
    for (const folder of this.#temporary.splice(0)) rmSync(folder, { recursive: true, force: true })
  }

  async #marks<Question extends { answer: string | null }>(
    responses: readonly Answered[],
    rules: Reward,
    {
      questionOf,
      ask,
    }: {
      questionOf: (answered: Answered) => Question
      ask: (questions: readonly Question[]) => Promise<Answer[]>
    },
  ): Promise<ReasonedMark[]> {
    const questions = responses.map(questionOf)
    const texts = questions.map(question => JSON.stringify(question))
    const different = new Map(texts.map((text, index) => [text, questions[index] as Question]))
    const answers = await ask([...different.values()])
    const answerOf = new Map([...different.keys()].map((text, index) => [text, answers[index] as Answer]))
    return responses.map(({ item }, index): ReasonedMark => {
      const answer = answerOf.get(texts[index] as string) as Answer
      if ('problem' in answer) return { ...markOf('unscored'), reason: answer.problem }
      // A credit stands as it is; a verdict has the credit that the config gives it.
      if (typeof answer.said === 'number') return markOf(answer.said)
      const answered = questions[index]?.answer != null
      return markOfVerdict({ verdict: answer.said, answered, item, rules })
    })
  }

  async #askProcess(questions: readonly unknown[], reward: Reward, signal: AbortSignal | undefined): Promise<Answer[]> {
    const host = await this.#host(reward)
    try {
      return await host.ask(questions, signal === undefined ? {} : { signal })
    } catch (error) {
      if (error instanceof NotLoaded || error instanceof VerifierEnded) throw notLoaded(reward, error)
      throw error
    }
  }

  #host(reward: Reward): Promise<VerifierHost> {
    const { timeoutMs, verifier, verifierDigest } = reward
    const key = digest({ timeoutMs, verifier, verifierDigest })
    const host = this.#hosts.get(key) ?? this.#start(reward)
    this.#hosts.set(key, host)
    // A copy that could not be made is tried again the next time.
    host.catch(() => this.#hosts.delete(key))
    return host
  }

  async #start(reward: Reward): Promise<VerifierHost> {
    return new VerifierHost(await this.#program(reward), { timeoutMs: reward.timeoutMs, memoryMb })
  }

  async #program(reward: Reward): Promise<VerifierProgram> {
    const way = verifierWay(reward)
    if (way.kind !== 'program') return { kind: 'math' }
    if (this.#store !== undefined) {
      const ref = await keepProgram(this.#store, reward)
      if (ref !== null) return { kind: 'module', path: programFile(this.#store, ref) }
    }
    const folder = mkdtempSync(join(tmpdir(), 'rlev-verifier-'))
    this.#temporary.push(folder)
    const path = join(folder, 'verifier.mjs')
    writeFileSync(path, readProgram(way.path).code)
    return { kind: 'module', path }
  }
}

/** What the verifier `math` reads. A text above the limit of an answer is not read, as with every rule. */
function mathQuestion({ response, item }: Answered, reward: Reward): MathQuestion {
  const { tolerance, absoluteTolerance, units } = reward
  const final = finalAnswer({ ...response, answer: reward.answer })
  return {
    answer: final !== null && final.length <= maxAnswerLength ? final : null,
    reference: item.answer.length <= maxAnswerLength ? item.answer : '',
    rules: { tolerance, absoluteTolerance, units },
  }
}

function notLoaded({ verifier }: Reward, { message }: Error): RlevError {
  return new RlevError({
    kind: 'ConfigInvalid',
    message: 'the verifier cannot be loaded',
    place: verifier,
    expected: 'a module that exports a function: `verify`, or its default export (docs/verifiers.md)',
    found: message,
    remedy: 'correct the module',
  })
}
