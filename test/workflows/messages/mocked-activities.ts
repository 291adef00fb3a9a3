/**
 * The activities that the workflows call, without their work: each notes its call and answers at once, unless a test holds
 * it. A held call heartbeats until the test lets it answer or fail, or until it is cancelled. Calls are told apart by the
 * experiment or sweep they are for, so many tests can share one worker.
 */
import { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { EvaluationSummary } from '../../../activities/evaluation/evaluation-summary.js'
import type { FreezeRunInput, FrozenRun } from '../../../activities/freeze-run.js'
import type { GpuActivities } from '../../../activities/gpu-activities.js'
import type { IoActivities } from '../../../activities/io-activities.js'
import { idOf } from '../../../activities/tracking/subject.js'
import type { SweepPlan } from '../../../pipelines/config/schema.js'
import { idInSweep, startOrder } from '../../../pipelines/config/start-order.js'
import { cellOutline, outlineOf } from '../../../pipelines/config/sweep-outline.js'

export type ActivityName = keyof IoActivities | keyof GpuActivities

export interface Call {
  name: ActivityName
  input: unknown
  outcome: 'running' | 'answered' | 'failed' | 'cancelled'
}

/** A call of which the test decides how it ends. */
export class HeldCall {
  /** A worker runs it. */
  readonly begun: Promise<void>
  /** It was told to end. */
  readonly cancelled: Promise<void>
  readonly #ended: Promise<void>
  readonly #ignoresCancellation: boolean
  #begin = () => {}
  #cancel = () => {}
  #answer = () => {}
  #fail = (_error: Error) => {}

  /** `ignoresCancellation`: as an activity between two micro-batches, it goes on until `answer`. */
  constructor({ ignoresCancellation = false }: { ignoresCancellation?: boolean } = {}) {
    this.#ignoresCancellation = ignoresCancellation
    this.begun = new Promise(resolve => {
      this.#begin = resolve
    })
    this.cancelled = new Promise(resolve => {
      this.#cancel = resolve
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#answer = resolve
      this.#fail = reject
    })
    // A test may decide before the call has begun.
    this.#ended.catch(() => {})
  }

  answer(): void {
    this.#answer()
  }

  /** Fails for good: no other attempt is made. */
  fail(message: string): void {
    this.#fail(ApplicationFailure.nonRetryable(message, 'ConfigInvalid'))
  }

  /** Runs in the activity. */
  async wait(): Promise<void> {
    const context = Context.current()
    const heartbeats = setInterval(() => context.heartbeat(), 50)
    context.cancellationSignal.addEventListener('abort', this.#cancel)
    this.#begin()
    try {
      await (this.#ignoresCancellation ? this.#ended : Promise.race([this.#ended, context.cancelled]))
    } finally {
      clearInterval(heartbeats)
    }
  }
}

export const artifact = { uri: 'objects/none', sha256: '0'.repeat(64), bytes: 0, kind: 'none' }
const weights = 'f'.repeat(64)

export class MockedActivities {
  readonly io: IoActivities
  readonly gpu: GpuActivities
  readonly #calls = new Map<string, Call[]>()
  readonly #held: { id: string; name: ActivityName; call: HeldCall }[] = []
  /** By name: what the home would have. */
  readonly #plans = new Map<string, SweepPlan>()
  readonly #everHeld: { id: string; call: HeldCall }[] = []
  readonly #answers: { id: string; name: ActivityName; output: unknown }[] = []

  constructor() {
    const ofRun = <Input extends { run: string }, Output>(name: ActivityName, output: (input: Input) => Output) =>
      this.#mocked<Input, Output>(name, ({ run }) => run, output)
    const runId = (id: string) => `tracked ${id}`
    const opened = (id: string) => ({ runId: runId(id), url: `http://mlflow/${id}` })
    this.io = {
      freezeRun: this.#mocked(
        'freezeRun',
        ({ experiment, plan, sweep, cell }) => (experiment?.id ?? cell?.id ?? sweep?.name ?? plan?.name) as string,
        input => this.#frozen(input),
      ),
      readCells: this.#mocked(
        'readCells',
        ({ name }) => name,
        ({ name, from, to }) => {
          const plan = this.#plans.get(name)
          return plan === undefined ? [] : startOrder(plan).slice(from, to).map(cellOutline)
        },
      ),
      prepareData: ofRun('prepareData', () => artifact),
      normalizeValues: ofRun('normalizeValues', () => artifact),
      ablateValues: ofRun('ablateValues', () => artifact),
      scaleRewards: ofRun('scaleRewards', () => ({ reward: 1, unscored: 0 })),
      evaluateAnswers: ofRun('evaluateAnswers', ({ step }) => evaluationOf(step)),
      recordResult: ofRun('recordResult', () => undefined),
      publishReport: this.#mocked(
        'publishReport',
        ({ name }) => name,
        ({ name }) => ({ path: reportOf(name) }),
      ),
      openTracking: this.#mocked(
        'openTracking',
        ({ subject }) => idOf(subject),
        ({ subject }) => opened(idOf(subject)),
      ),
      trackProgress: ofRun('trackProgress', () => undefined),
      trackStatus: this.#mocked(
        'trackStatus',
        input => input.runId.slice(runId('').length),
        () => undefined,
      ),
      closeTracking: this.#mocked(
        'closeTracking',
        ({ subject }) => idOf(subject),
        ({ subject }) => opened(idOf(subject)),
      ),
    }
    this.gpu = {
      warmStart: ofRun('warmStart', () => artifact),
      predictValues: ofRun('predictValues', () => artifact),
      rollOut: ofRun('rollOut', () => ({ responses: 1, tokens: 1 })),
      rollOutPieces: ofRun('rollOutPieces', ({ from, to }) => ({ responses: 10 * (to - from) })),
      updatePolicy: ofRun('updatePolicy', ({ step }) => ({ step, reward: 1, weights })),
      trainSteps: ofRun('trainSteps', ({ to }) => ({ step: to, reward: 1, weights })),
      evaluatePolicy: ofRun('evaluatePolicy', ({ step }) => evaluationOf(step)),
      answerItems: ofRun('answerItems', () => artifact),
      answerPieces: ofRun('answerPieces', ({ from, to }) => ({ responses: 10 * (to - from) })),
    }
  }

  /** The plan of a sweep that is to be started. */
  keep(plan: SweepPlan): void {
    this.#plans.set(plan.name, plan)
  }

  #frozen({ sweep, cell }: FreezeRunInput): FrozenRun {
    const plan = this.#plans.get((sweep ?? cell?.sweep)?.name ?? '')
    if (plan === undefined) return {}
    if (sweep !== undefined) return { outline: outlineOf(plan), cells: startOrder(plan).map(cellOutline) }
    const found = startOrder(plan).find(one => idInSweep(plan.name, one) === cell?.id)
    return found === undefined ? {} : { config: found.config }
  }

  /** Holds the next call of the activity for this experiment or sweep that is not held yet. */
  hold(id: string, name: ActivityName, options?: { ignoresCancellation?: boolean }): HeldCall {
    const call = new HeldCall(options)
    this.#held.push({ id, name, call })
    this.#everHeld.push({ id, call })
    return call
  }

  /** What every call of the activity gives for this experiment or sweep from now on; a function gets its input. */
  answer(id: string, name: ActivityName, output: unknown): void {
    this.#answers.push({ id, name, output })
  }

  /** In the order in which they began. */
  calls(id: string, name?: ActivityName): readonly Call[] {
    const calls = this.#calls.get(id) ?? []
    return name === undefined ? calls : calls.filter(call => call.name === name)
  }

  /** Names of the policy's activities for this experiment, in the order in which they began. */
  policyCalls(id: string): ActivityName[] {
    return this.calls(id)
      .map(({ name }) => name)
      .filter(name => name in this.gpu)
  }

  /** Lets the held calls of this experiment or sweep answer, those that have begun too. */
  releaseAllOf(id: string): void {
    for (const { call } of this.#everHeld.filter(held => held.id === id)) call.answer()
  }

  /** Lets every held call answer, so that the workers can end. */
  releaseAll(): void {
    for (const { call } of this.#held.splice(0)) call.answer()
  }

  #mocked<Input, Output>(
    name: ActivityName,
    idFrom: (input: Input) => string,
    output: (input: Input) => Output,
  ): (input: Input) => Promise<Output> {
    return async input => {
      const id = idFrom(input)
      const call: Call = { name, input, outcome: 'running' }
      this.#calls.set(id, [...this.calls(id), call])
      const index = this.#held.findIndex(held => held.id === id && held.name === name)
      try {
        if (index >= 0) await this.#held.splice(index, 1)[0]?.call.wait()
        call.outcome = 'answered'
        const other = this.#answers.findLast(answer => answer.id === id && answer.name === name)
        if (other === undefined) return output(input)
        return typeof other.output === 'function' ? other.output(input) : (other.output as Output)
      } catch (error) {
        call.outcome = error instanceof CancelledFailure ? 'cancelled' : 'failed'
        throw error
      }
    }
  }
}

export function evaluationOf(step: number): EvaluationSummary {
  return { step, acc: 0.5, hAcc: 0.6, expectedAcc: 0.4, expectedHAcc: 0.55, length: 3 }
}

export function reportOf(name: string): string {
  return `runs/${name}/report/report.html`
}
