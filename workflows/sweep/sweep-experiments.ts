/** The experiments of a sweep as its child workflows: starts, pauses and cancels them, and follows them to their ends. */
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
import { idInSweep } from '../../pipelines/config/start-order.js'
import { innermostMessage } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import {
  type ExperimentInput,
  type ExperimentProgress,
  type ExperimentResult,
  type ExperimentWorkflow,
  experimentId,
  pauseSignal,
  resumeSignal,
} from '../messages.js'
import { ownWorkflowId } from '../own-names.js'
import type { PlannedExperiment } from './sweep-plan.js'
import type { SweepView } from './sweep-view.js'

type Child = ChildWorkflowHandle<ExperimentWorkflow>

interface Running {
  arm: string
  child: Child
  /** The last signal that was sent. The next one waits for it, because the server may reorder two that are sent at the same time. */
  signalled: Promise<void>
}

export class SweepExperiments {
  readonly #view: SweepView
  /** By id. */
  readonly #running = new Map<string, Running>()
  /** Ids of experiments whose result is recorded, which may still wait for MLflow. */
  readonly #trained = new Set<string>()
  readonly #endings: Promise<void>[] = []
  /** Id of the experiment that is being started. */
  #starting: string | undefined

  constructor(view: SweepView) {
    this.#view = view
  }

  /** Of the experiments that run, or of those of one arm. */
  ids({ arm }: { arm?: string } = {}): string[] {
    return [...this.#running].flatMap(([id, running]) => (arm === undefined || running.arm === arm ? [id] : []))
  }

  /** How many run and have no result yet. */
  get training(): number {
    return [...this.#running.keys()].filter(id => !this.#trained.has(id)).length
  }

  /**
   * Starts an experiment. False if its id is taken, because an experiment of an earlier sweep of this name is still ending: then
   * it has waited 2 seconds, and the caller decides again whether to start the experiment.
   */
  async start({ input, estimator }: PlannedExperiment): Promise<boolean> {
    const id = experimentId(input)
    const { arm, seed } = input
    // Messages of an experiment of an earlier sweep may have come during the attempt before.
    this.#trained.delete(id)
    this.#view.heard(notStarted(input))
    this.#starting = id
    try {
      const child = await startChild<ExperimentWorkflow>('experiment', {
        workflowId: ownWorkflowId(id),
        args: [input],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${arm}, seed ${seed}, ${estimator}`,
      })
      this.#running.set(id, { arm, child, signalled: Promise.resolve() })
      this.#endings.push(this.#follow(child, input).finally(() => this.#running.delete(id)))
      return true
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      log.warn('the experiment of an earlier sweep has not ended', { workflowId: id })
    } finally {
      this.#starting = undefined
    }
    await sleep('2 seconds')
    return false
  }

  tellPause(id: string, paused: boolean): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    const signal = paused ? pauseSignal : resumeSignal
    running.signalled = running.signalled.then(() => running.child.signal(signal)).catch(endedBefore(id))
  }

  cancel(id: string): void {
    getExternalWorkflowHandle(ownWorkflowId(id)).cancel().catch(endedBefore(id))
  }

  /** Takes the message of an experiment. One of an earlier sweep with the same id is ignored. */
  heard(progress: ExperimentProgress, { trained }: { trained: boolean }): void {
    const id = idInSweep(progress.name, progress)
    if (!this.#running.has(id) && this.#starting !== id) return
    this.#view.heard(progress)
    if (trained) this.#trained.add(id)
  }

  /** Resolves after the last one has ended. */
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

export function notStarted({ name, arm, seed, config, steps }: ExperimentInput): ExperimentProgress {
  return { name, arm, seed, stage: 'prepare', state: 'running', step: 0, steps: config?.steps ?? steps ?? 0 }
}

function resultOf({
  step,
  weights,
  acc,
  hAcc,
  expectedHAcc,
  stoppedEarly,
  trackingUrl,
  trackingFailure,
}: ExperimentResult) {
  return {
    step,
    ...given({
      weights: weights ?? undefined,
      acc: acc ?? undefined,
      hAcc: hAcc ?? undefined,
      expectedHAcc: expectedHAcc ?? undefined,
      stoppedEarly,
      trackingUrl,
      trackingFailure,
    }),
  }
}

/** The experiment ended before the message reached it. */
function endedBefore(id: string): (error: unknown) => void {
  return error => log.info('an experiment had ended before a message reached it', { id, error: String(error) })
}
