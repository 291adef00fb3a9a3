/** The experiments of a sweep as its child workflows: started, told to pause or to end, and followed to their ends. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  type ChildWorkflowHandle,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
} from '@temporalio/workflow'
import { idInSweep } from '../pipelines/config/start-order.js'
import { innermostMessage } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import {
  type ExperimentInput,
  type ExperimentProgress,
  type ExperimentResult,
  type ExperimentWorkflow,
  experimentId,
  pauseSignal,
  queues,
  resumeSignal,
} from './messages.js'
import type { SweepView } from './sweep-view.js'

type Child = ChildWorkflowHandle<ExperimentWorkflow>

interface Running {
  arm: string
  child: Child
  /** Signals are sent one after the other, because the server does not keep the order of two at the same time. */
  signalled: Promise<void>
}

export class SweepExperiments {
  readonly #view: SweepView
  /** By id. */
  readonly #running = new Map<string, Running>()
  /** Ids of experiments whose result is recorded: while they wait for MLflow they do not count as training. */
  readonly #trained = new Set<string>()
  readonly #endings: Promise<void>[] = []
  /** Id of the experiment whose start was asked for and is not known to have succeeded. */
  #starting: string | undefined

  constructor(view: SweepView) {
    this.#view = view
  }

  /** Of those that run, or of one arm's. */
  ids({ arm }: { arm?: string } = {}): string[] {
    return [...this.#running].flatMap(([id, running]) => (arm === undefined || running.arm === arm ? [id] : []))
  }

  /** How many are being trained. */
  get training(): number {
    return [...this.#running.keys()].filter(id => !this.#trained.has(id)).length
  }

  /**
   * Starts an experiment, and says whether it could: an experiment of an earlier sweep of this name may still be ending, and
   * its id is free once it has. Then it waits 2 seconds, so that the caller can look again whether to start it.
   */
  async start(experiment: ExperimentInput): Promise<boolean> {
    const id = experimentId(experiment)
    const { arm, seed, config } = experiment
    // What an experiment of an earlier sweep told while its id was asked for is not about this one.
    this.#trained.delete(id)
    this.#view.heard(notStarted(experiment))
    this.#starting = id
    try {
      const child = await startChild<ExperimentWorkflow>('experiment', {
        workflowId: id,
        taskQueue: queues.workflows,
        args: [experiment],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${arm}, seed ${seed}, ${config.estimator.name}`,
      })
      this.#running.set(id, { arm, child, signalled: Promise.resolve() })
      this.#endings.push(this.#follow(child, experiment).finally(() => this.#running.delete(id)))
      return true
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      this.#starting = undefined
      log.warn('the experiment of an earlier sweep has not ended', { workflowId: id })
      await sleep('2 seconds')
      return false
    }
  }

  tellPause(id: string, paused: boolean): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    const signal = paused ? pauseSignal : resumeSignal
    running.signalled = running.signalled.then(() => running.child.signal(signal)).catch(toldTooLate(id))
  }

  cancel(id: string): void {
    getExternalWorkflowHandle(id).cancel().catch(toldTooLate(id))
  }

  /** From an experiment. One of an earlier sweep, which may have the same id, is not listened to. */
  heard(progress: ExperimentProgress, { trained }: { trained: boolean }): void {
    const id = idInSweep(progress.name, progress)
    if (!this.#running.has(id) && this.#starting !== id) return
    this.#view.heard(progress)
    if (trained) this.#trained.add(id)
  }

  async ended(): Promise<void> {
    await Promise.all(this.#endings)
  }

  /** Never rejects: one failed experiment does not end the others. */
  async #follow(child: Child, experiment: ExperimentInput): Promise<void> {
    const before = () => this.#view.experiment(experiment)
    try {
      const result = await child.result()
      this.#view.heard({ ...before(), ...resultOf(result), stage: 'done', state: 'done' })
    } catch (error) {
      const cancelled = isCancellation(error)
      const ending = cancelled
        ? { state: 'cancelled' as const }
        : { state: 'failed' as const, failure: innermostMessage(error) }
      this.#view.heard({ ...before(), ...ending })
    }
  }
}

export function notStarted({ name, arm, seed, config }: ExperimentInput): ExperimentProgress {
  return { name, arm, seed, stage: 'prepare', state: 'running', step: 0, steps: config.steps }
}

function resultOf({ step, weights, acc, hAcc, expectedHAcc, trackingUrl, trackingFailure }: ExperimentResult) {
  return {
    step,
    ...given({
      weights: weights ?? undefined,
      acc: acc ?? undefined,
      hAcc: hAcc ?? undefined,
      expectedHAcc: expectedHAcc ?? undefined,
      trackingUrl,
      trackingFailure,
    }),
  }
}

/** It ended in the meantime. */
function toldTooLate(id: string): (error: unknown) => void {
  return error => log.info('an experiment was not told', { id, error: String(error) })
}
