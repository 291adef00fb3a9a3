/**
 * Scores of responses by what a config names: rules here, processes, servers and judges through what a run uses too. How many rows
 * are worked on at once is bounded; a request beyond that is told to come again.
 */
import { setImmediate } from 'node:timers/promises'
import { Judge } from '../../activities/judge/judge.js'
import { Marker } from '../../activities/verifiers/marker.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { verifierWay } from '../../pipelines/config/verifier-way.js'
import { judgeResponses } from '../../pipelines/rewards/judge/judge-responses.js'
import type { ReasonedMark } from '../../pipelines/rewards/marking.js'
import { type ResponseToScore, type ScoredResponse, scoreResponses } from '../../pipelines/rewards/score-responses.js'
import type { Arm } from '../../pipelines/rewards/serving/served-rows.js'
import { busy } from './body.js'

/** Rows that are worked on at once. */
const maxRowsAtWork = 20_000

/** Characters that rules read before other requests have their turn, about 10 ms. */
const sliceLength = 300_000

export class Scorer {
  readonly #arm: Arm
  readonly #marker = new Marker()
  readonly #judge: Judge | undefined
  #rowsAtWork = 0

  /** `home`: where the verdicts of a judge are kept, as in runs of this home. */
  constructor({ arm, judge, home }: { arm: Arm; judge: ExperimentConfig['judge']; home: string }) {
    this.#arm = arm
    // A judge that decides on evaluations only decides on no reward.
    this.#judge = judge?.decides === 'everything' ? new Judge({ config: judge, home }) : undefined
  }

  get rowsAtWork(): number {
    return this.#rowsAtWork
  }

  /**
   * Loads the verifier, so that a module that cannot be loaded is told at once. A server and a judge are not asked.
   * @throws RlevError ConfigInvalid
   */
  async load(): Promise<void> {
    const { kind } = verifierWay(this.#arm.reward)
    if (this.#judge !== undefined || kind === 'rule' || kind === 'endpoint') return
    const item = {
      id: 'probe',
      exam: 'probe',
      section: 'all',
      prompt: '1+1=',
      answer: '2',
      points: 1,
      total: 1,
      weight: 1,
    }
    await this.#marker.mark([{ item, response: { text: '2', finish: 'stop' } }], this.#arm.reward)
  }

  /** In the order of the responses. Throws Refusal (503) if too many rows are waiting; the reason of an aborted signal. */
  async score(responses: readonly ResponseToScore[], signal: AbortSignal): Promise<ScoredResponse[]> {
    if (this.#rowsAtWork + responses.length > maxRowsAtWork) throw busy('too many rows are waiting')
    this.#rowsAtWork += responses.length
    try {
      return await this.#score(responses, signal)
    } finally {
      this.#rowsAtWork -= responses.length
    }
  }

  async #score(responses: readonly ResponseToScore[], signal: AbortSignal): Promise<ScoredResponse[]> {
    const { reward, uniform } = this.#arm
    const scored: ScoredResponse[] = []
    for (const slice of this.#isByRule ? slicesOf(responses) : [responses]) {
      if (scored.length > 0) await setImmediate()
      signal.throwIfAborted()
      const marks = await this.#marks(slice, signal)
      scored.push(...scoreResponses({ responses: slice, marks, reward, uniform }))
    }
    return scored
  }

  get #isByRule(): boolean {
    return this.#judge === undefined && verifierWay(this.#arm.reward).kind === 'rule'
  }

  async #marks(responses: readonly ResponseToScore[], signal: AbortSignal): Promise<readonly ReasonedMark[]> {
    const { reward } = this.#arm
    const judge = this.#judge
    if (judge === undefined) return this.#marker.mark(responses, reward, { signal })
    const marks = await judgeResponses({
      responses,
      reward,
      ask: async questions => (await judge.ask(questions, { signal })).judged.map(({ verdict }) => verdict),
    })
    return marks.map(mark => (mark.verdict === 'unscored' ? { ...mark, reason: 'the judge gave no verdict' } : mark))
  }

  async end(): Promise<void> {
    await this.#marker.end()
  }
}

function slicesOf(responses: readonly ResponseToScore[]): ResponseToScore[][] {
  const slices: ResponseToScore[][] = [[]]
  let length = 0
  for (const one of responses) {
    if (length > sliceLength) {
      slices.push([])
      length = 0
    }
    slices.at(-1)?.push(one)
    length += one.response.text.length + one.item.answer.length
  }
  return slices
}
