/** The stages of an experiment, as experiment.ts calls them one after the other. */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow'
import type { FreezeRunInput } from '../activities/freeze-run.js'
import type { Subject } from '../activities/tracking/subject.js'
import type { TrainedSteps } from '../activities/train-steps.js'
import type { StageOutputs, TrainingInput } from '../activities/training/training.js'
import { evaluationDue } from '../pipelines/config/due-steps.js'
import { figureOf, type Measured, type StoppedEarly, stoppedEarly } from '../pipelines/config/early-stop.js'
import { rolloutPiece } from '../pipelines/config/rollout-piece.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { innermostMessage } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import { cleanup, io } from './activity-options.js'
import { answersOf } from './answers.js'
import { endingOf } from './cancellation.js'
import { ExperimentView } from './experiment-view.js'
import { type Limits, limitsAtFirst } from './limits.js'
import { type ExperimentInput, type ExperimentResult, type ExperimentWorkflow, experimentId } from './messages.js'
import { type PauseSwitch, pauseSwitch } from './pause.js'
import { PolicyWorker } from './policy-worker.js'
import { type ReportWriter, reportWriter } from './report.js'
import { rolloutOf } from './rollout.js'
import { evaluatedInTwo, historyIsLong, isElsewhere, nextBoundary, stagesAreSeparate } from './segments.js'
import { type Tracking, trackBeside } from './tracking.js'

export class ExperimentStages {
  readonly #input: ExperimentInput
  /** Undefined until it is read. */
  #read: ExperimentConfig | undefined
  readonly #run: string
  readonly #view: ExperimentView
  readonly #policy: PolicyWorker
  readonly #tracking: Tracking
  readonly #pause: PauseSwitch
  readonly #report: ReportWriter
  /** The metric of the evaluations so far, in order; empty without an early stop. */
  readonly #measured: Measured[]
  #stopped: StoppedEarly | undefined

  /** Takes messages from here on. */
  constructor(input: ExperimentInput) {
    const { name, config, carried } = input
    const run = experimentId(input)
    const view = new ExperimentView(input)
    const limits = () => this.#limits
    const tracking = trackBeside({ subject: subjectOf(input, run), limits }, carried)
    this.#input = input
    this.#read = config
    this.#run = run
    this.#view = view
    const isPatient = () => this.#read !== undefined && rolloutPiece(this.#read) !== null
    this.#policy = new PolicyWorker({ limits, isPatient, place: carried?.place })
    this.#tracking = tracking
    this.#measured = [...(carried?.measured ?? [])]
    this.#report = reportWriter({ name, limits, tracking, summary: 'report' })
    this.#pause = pauseSwitch({
      paused: carried?.paused ?? false,
      onWait() {
        view.become('paused')
        tracking.show('SCHEDULED')
      },
      onContinue() {
        view.become('running')
        tracking.show('RUNNING')
      },
    })
    this.#pause.listen()
  }

  /**
   * Keeps the config with the run; in a sweep it is read from the plan in the home. Says whether the experiment was complete before.
   * Throws if the name belongs to another config: then nothing that has this name is touched.
   */
  async keepConfig(): Promise<boolean> {
    try {
      const { finished, config } = await io(this.#limits, 'config').freezeRun(this.#toFreeze())
      if (config !== undefined) {
        this.#read = config
        this.#view.read(config)
      }
      if (finished === undefined) return false
      this.#tracking.open({ finished: true })
      this.#view.trained({ step: finished.evaluation.step, ...given({ weights: finished.weights }) })
      this.#view.evaluated(finished.evaluation)
      this.#endEarly(finished.stopped)
      return true
    } catch (error) {
      const ending = endingOf(error)
      this.#view.end(ending)
      throw ending
    }
  }

  /** Data, values, the warm start and the evaluation of its policy. */
  async prepare(): Promise<StageOutputs> {
    const run = this.#run
    const config = this.#config
    const { ablation } = config.value

    const data = await io(config, 'items').prepareData({ run })
    this.#tracking.open({ data })
    const values = await io(config, 'v = points / total').normalizeValues({ run, data })
    const ablated =
      ablation === 'predicted' ? null : await io(config, `values: ${ablation}`).ablateValues({ run, values })

    this.#view.enter('warm start')
    const start = await this.#pause.run(() =>
      this.#policy.run('warmStart', { run, data }, { summary: 'checkpoint 0', more: true }),
    )
    const predicted = () =>
      this.#policy.run('predictValues', { run, data, values, start }, { summary: 'values: predicted', more: true })
    const rewardValues = ablated ?? (await this.#pause.run(predicted))

    const stages = { data, values, rewardValues, start }
    await this.#evaluate(stages, 0)
    return stages
  }

  /** Trains to the last step, or to an early stop. Throws ContinueAsNew if the history reaches `durability.maxHistoryEvents` before. */
  async train(stages: StageOutputs): Promise<void> {
    const [config, policy, view] = [this.#config, this.#policy, this.#view]
    const { carried } = this.#input
    if (carried !== undefined) this.#tracking.open({ data: stages.data })

    for (let step = carried?.step ?? 0; step < config.steps; ) {
      if (view.progress.stage !== 'train') view.enter('train')
      const to = nextBoundary(step, config)
      const [separate, input] = [stagesAreSeparate(config), { run: this.#run, stages, step: to }]
      if (separate || rolloutPiece(config) !== null)
        await this.#pause.run(() => rolloutOf(input, { policy, view, config }))
      if (separate) await this.#rewardAndUpdate(input)
      else await this.#trainSteps(stages, step, to)
      step = to

      if (evaluationDue(step, config)) await this.#evaluate(stages, step)
      this.#tracking.advanceTo(step)
      view.tracked(this.#tracking.url)
      if (this.#endEarly(this.#stopAt(step))) return
      if (step < config.steps && historyIsLong(config.durability.maxHistoryEvents)) await this.#renew(stages, step)
    }
  }

  /** Records the result, writes the report and ends the run in MLflow. */
  async report(): Promise<ExperimentResult> {
    const view = this.#view
    const tracking = this.#tracking
    const { weights, step, acc, hAcc, expectedHAcc } = view.progress
    view.enter('report')
    const stopped = this.#stopped
    const result = { run: this.#run, state: 'done' as const, step, ...given({ weights, stopped }) }
    await io(this.#config, 'result').recordResult(result)
    await view.tellSweep({ trained: true })

    // The result is recorded: from here on a cancellation only ends the wait for MLflow.
    const ofSweep = this.#input.sweep !== undefined
    const reportPath = ofSweep ? undefined : await CancellationScope.nonCancellable(() => this.#report.write())
    view.onlyTracking(true)
    const trackingFailure = await tracking.close({ status: 'FINISHED' })
    view.tracked(tracking.url)
    view.onlyTracking(false)
    view.progress.stage = 'done'
    view.become('done')
    await CancellationScope.nonCancellable(async () => {
      if (!ofSweep) await this.#report.addLink()
      await condition(allHandlersFinished)
    })
    return {
      run: this.#run,
      step,
      weights: weights ?? null,
      acc: acc ?? null,
      hAcc: hAcc ?? null,
      expectedHAcc: expectedHAcc ?? null,
      ...given({ stoppedEarly: view.progress.stoppedEarly, reportPath, trackingUrl: tracking.url, trackingFailure }),
    }
  }

  /** After a failure or a cancellation: records it, and ends the run in MLflow. */
  async abandon(error: unknown): Promise<void> {
    const view = this.#view
    view.end(error)
    const cancelled = isCancellation(error)
    const { step, failure } = view.progress
    const reason = given({ failure })
    try {
      const state = cancelled ? 'cancelled' : 'failed'
      await cleanup(this.#limits, 'result').recordResult({ run: this.#run, state, step, ...reason })
    } catch (cleanupError) {
      view.progress.failure = `${failure ?? 'cancelled'}; the result was not recorded: ${innermostMessage(cleanupError)}`
    }
    await this.#tracking.close({ status: cancelled ? 'KILLED' : 'FAILED', ...reason })
    view.tracked(this.#tracking.url)
  }

  get #config(): ExperimentConfig {
    if (this.#read === undefined) throw new Error('the config is used before it is read')
    return this.#read
  }

  get #limits(): Limits {
    return this.#read ?? limitsAtFirst
  }

  #toFreeze(): FreezeRunInput {
    const { name, sweep, config } = this.#input
    const id = this.#run
    if (config === undefined) {
      if (sweep?.digest === undefined) throw ApplicationFailure.nonRetryable(`${id} has no config`, 'ConfigInvalid')
      return { cell: { id, sweep: { name: sweep.name, digest: sweep.digest } } }
    }
    const plan = sweep === undefined ? { kind: 'experiment' as const, name, config, warnings: [] } : undefined
    return { experiment: { id, config }, ...given({ plan }) }
  }

  /** After the rollout, as separate activities: each is visible and retried alone. */
  async #rewardAndUpdate(input: TrainingInput & { step: number }): Promise<void> {
    const { step } = input
    const update = () =>
      this.#policy.run('updatePolicy', input, { summary: `step ${step}: update`, more: this.#goesOnAfter(step) })
    await io(this.#config, `step ${step}: rewards`).scaleRewards(input)
    this.#computed(await this.#pause.run(update))
  }

  async #trainSteps(stages: StageOutputs, from: number, to: number): Promise<void> {
    const input = { run: this.#run, stages, from, to }
    const steps = to === from + 1 ? `step ${to}` : `steps ${from + 1}-${to}`
    const keep = { summary: steps, more: this.#goesOnAfter(to) }
    this.#computed(await this.#pause.run(() => this.#policy.run('trainSteps', input, keep)))
  }

  /** Whether the policy is needed again after this step has trained it. */
  #goesOnAfter(step: number): boolean {
    return step < this.#config.steps || evaluationDue(step, this.#config)
  }

  #computed(trained: TrainedSteps): void {
    this.#tracking.computedBy(this.#policy.place?.worker)
    this.#view.trained(trained)
  }

  async #evaluate(stages: StageOutputs, step: number): Promise<void> {
    const config = this.#config
    const input = { run: this.#run, stages, step }
    this.#view.enter('evaluate')
    const more = step < config.steps
    const atOnce = () => this.#policy.run('evaluatePolicy', input, { summary: `evaluation at step ${step}`, more })
    const inTwo = async () => {
      const [policy, view] = [this.#policy, this.#view]
      const answers = await answersOf(input, { policy, more, mayBeCut: isElsewhere(step, config), view })
      return io(config, `verdicts at step ${step}`).evaluateAnswers({ ...input, answers })
    }
    const summary = await this.#pause.run(evaluatedInTwo(config) ? inTwo : atOnce)
    this.#view.evaluated(summary)
    // Not in the configs of older histories.
    const metric = config.evaluation.earlyStop?.metric
    if (metric !== undefined) this.#measured.push({ step, value: figureOf(summary, metric) })
    await this.#view.tellSweep({ trained: false })
  }

  /** What ends training after this step, if its evaluation does. */
  #stopAt(step: number): StoppedEarly | undefined {
    const rule = this.#config.evaluation.earlyStop
    if (rule == null || step === this.#config.steps || this.#measured.at(-1)?.step !== step) return undefined
    return stoppedEarly(rule, this.#measured) ?? undefined
  }

  /** Whether it does. */
  #endEarly(stopped: StoppedEarly | undefined): boolean {
    if (stopped === undefined) return false
    this.#stopped = stopped
    this.#view.stopEarly(stopped)
    return true
  }

  /** Continues as new after this step. A pause that comes until then is carried along. */
  async #renew(stages: StageOutputs, step: number): Promise<never> {
    const startedAt = this.#input.carried?.startedAt ?? workflowInfo().startTime.getTime()
    await this.#tracking.settle()
    await condition(allHandlersFinished)
    const { paused } = this.#pause
    const measured = this.#measured.length === 0 ? undefined : this.#measured
    const carried = {
      ...{ stages, step, ...this.#tracking.tracked, startedAt, paused, progress: this.#view.progress },
      ...given({ measured, place: this.#policy.place }),
    }
    return continueAsNew<ExperimentWorkflow>({ ...this.#input, config: this.#config, carried })
  }
}

function subjectOf({ name, arm, seed, sweep }: ExperimentInput, id: string): Subject {
  return { kind: 'experiment', id, name, arm, seed, ...given({ sweep: sweep?.name }) }
}
