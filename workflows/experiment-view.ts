/** The progress of an experiment: in the query, search attributes, memo and current details, and sent to its sweep. */
import { getExternalWorkflowHandle, isCancellation, log, setCurrentDetails, setHandler } from '@temporalio/workflow'
import type { EvaluationSummary } from '../activities/evaluation/evaluation-summary.js'
import type { TrainedSteps } from '../activities/train-steps.js'
import { type StoppedEarly, stoppedSentence } from '../pipelines/config/early-stop.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { innermostMessage } from '../pipelines/errors.js'
import { plainMarkdown } from '../pipelines/input/markdown.js'
import { showExperiment, stageText } from './attributes.js'
import {
  type ExperimentInput,
  type ExperimentProgress,
  movedSignal,
  progressQuery,
  type Stage,
  type State,
} from './messages.js'
import { ownWorkflowId } from './own-names.js'

export class ExperimentView {
  readonly progress: ExperimentProgress
  readonly #input: ExperimentInput
  #config: ExperimentConfig | undefined
  /** The newest checkpoint of this run of the workflow. */
  #newest: { step: number; weights: string } | undefined
  /** When and at which step this run of the workflow began to train, to estimate the time left. */
  #trainingBegan: { time: number; step: number } | undefined

  constructor(input: ExperimentInput) {
    const { name, arm, seed, config, steps, carried } = input
    this.#input = input
    this.#config = config
    this.progress = carried?.progress ?? {
      name,
      arm,
      seed,
      stage: 'prepare',
      state: 'running',
      step: 0,
      steps: config?.steps ?? steps ?? 0,
    }
    setHandler(progressQuery, () => ({ ...this.progress }), { description: 'Stage, step and newest results.' })
    this.#show()
  }

  /** Shown with the next change. */
  read(config: ExperimentConfig): void {
    this.#config = config
    this.progress.steps = config.steps
  }

  enter(stage: Stage): void {
    if (stage === 'train') this.#trainingBegan ??= { time: Date.now(), step: this.progress.step }
    this.progress.stage = stage
    this.#show()
  }

  become(state: State): void {
    this.progress.state = state
    // The time of a pause does not count as training.
    if (state === 'running') this.#trainingBegan = undefined
    this.#show()
  }

  /** By an error or a cancellation. */
  end(error: unknown): void {
    const cancelled = isCancellation(error)
    if (!cancelled) this.progress.failure = innermostMessage(error)
    this.become(cancelled ? 'cancelled' : 'failed')
  }

  /** Adds no event: the query has the newest step at once, search attributes and memo after the next change of stage. */
  trained({ step, reward, tokensPerSecond, weights }: TrainedSteps): void {
    const { progress } = this
    delete progress.answered
    progress.step = step
    if (reward !== undefined) progress.reward = reward
    if (tokensPerSecond !== undefined) progress.tokensPerSecond = tokensPerSecond
    if (weights !== undefined) this.#newest = { step, weights }
    if (weights !== undefined && step === progress.steps) progress.weights = weights
    this.#trainingBegan ??= { time: Date.now(), step }
    if (step > this.#trainingBegan.step) {
      const perStep = (Date.now() - this.#trainingBegan.time) / 1000 / (step - this.#trainingBegan.step)
      progress.secondsLeft = Math.round(perStep * (progress.steps - step))
    }
    this.#details()
  }

  /** Training is over after the newest step. */
  stopEarly(stopped: StoppedEarly): void {
    const { progress } = this
    progress.stoppedEarly = stoppedSentence(stopped, progress.steps)
    if (this.#newest?.step === stopped.step) progress.weights = this.#newest.weights
    if (progress.secondsLeft !== undefined) progress.secondsLeft = 0
    this.#show()
  }

  /** Responses of an evaluation or a rollout that is divided among workers. Adds no event. */
  answered(answered: { done: number; of: number }): void {
    this.progress.answered = answered
    this.#details()
  }

  evaluated({ step, acc, hAcc, expectedHAcc }: EvaluationSummary): void {
    delete this.progress.answered
    Object.assign(this.progress, { step, acc, hAcc, expectedHAcc })
    this.#show()
  }

  tracked(url: string | undefined): void {
    if (url === undefined || url === this.progress.trackingUrl) return
    this.progress.trackingUrl = url
    this.#details()
  }

  /** Whether the experiment waits only for MLflow. Adds no event, because it usually waits less than a second. */
  onlyTracking(waits: boolean): void {
    if (waits) this.progress.onlyTrackingSince = Date.now()
    else delete this.progress.onlyTrackingSince
    this.#details()
  }

  /** Tells the sweep or its batch, if there is one. If the sweep has ended, the experiment continues. */
  async tellSweep({ trained }: { trained: boolean }): Promise<void> {
    const { sweep } = this.#input
    if (sweep === undefined || (!trained && !sweep.follow)) return
    try {
      await getExternalWorkflowHandle(ownWorkflowId(sweep.batch ?? sweep.name)).signal(movedSignal, {
        progress: { ...this.progress },
        trained,
      })
    } catch (error) {
      log.warn('the sweep did not get a message', { sweep: sweep.name, error: String(error) })
    }
  }

  #show(): void {
    showExperiment(this.#config, this.progress)
    this.#details()
  }

  #details(): void {
    const { progress } = this
    const config = this.#config
    const percent = (share: number | undefined) => (share === undefined ? '' : `${(100 * share).toFixed(1)}%`)
    const rows: [string, string][] = [
      ['stage', stageText(progress)],
      ['answered', progress.answered === undefined ? '' : `${progress.answered.done} of ${progress.answered.of}`],
      ['step', `${progress.step} of ${progress.steps}`],
      [
        'estimator, scale, values',
        config === undefined
          ? ''
          : `${config.estimator.name}, ${config.reward.scale}, ${config.value.ablation === 'none' ? 'true' : config.value.ablation}`,
      ],
      ['reward', progress.reward?.toFixed(3) ?? ''],
      ['Acc', percent(progress.acc)],
      ['H-Acc', percent(progress.hAcc)],
      ['expected H-Acc', percent(progress.expectedHAcc)],
      ['tokens/s', progress.tokensPerSecond?.toFixed(0) ?? ''],
      ['weights', progress.weights ?? ''],
      ['MLflow', progress.trackingUrl === undefined ? '' : `[run](${progress.trackingUrl})`],
      ['waits for', progress.onlyTrackingSince === undefined ? '' : 'MLflow, to send the rest of the points'],
      ['ending', progress.stoppedEarly ?? ''],
      ['failure', plainMarkdown(progress.failure?.split('\n')[0] ?? '')],
    ]
    const table = rows.filter(([, value]) => value !== '').map(([name, value]) => `| ${name} | ${value} |`)
    setCurrentDetails([`**${progress.arm}**, seed ${progress.seed}`, '', '| | |', '| --- | --- |', ...table].join('\n'))
  }
}
