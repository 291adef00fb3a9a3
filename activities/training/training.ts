/**
 * Training of one experiment on this worker: brings its policy to a step and keeps what each step gave. A step is the same
 * whether it is made for the first time or replayed after a crash: what the journal holds is read, what it lacks is made,
 * and since randomness is named by counters and not by a generator's state, both give the same bits.
 */
import { performance } from 'node:perf_hooks'
import { log } from '@temporalio/activity'
import { CancelledFailure } from '@temporalio/common'
import { rolloutPiece } from '../../pipelines/config/rollout-piece.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { given } from '../../pipelines/given.js'
import type { Hooks } from '../../pipelines/progress.js'
import type { Rollout } from '../../pipelines/rollout/response.js'
import type { LivePolicy } from '../../pipelines/training/live-policy.js'
import { policyGradientStep } from '../../pipelines/training/policy-gradient.js'
import { sampleStep } from '../../pipelines/training/sample-step.js'
import { scheduleMetrics } from '../../pipelines/training/step-config.js'
import type { StepMetrics } from '../../pipelines/training/step-metrics.js'
import { trainingMetrics } from '../../pipelines/training/training-metrics.js'
import { failPoint } from '../fail-points/fail-point.js'
import { readValues, type StoredValues } from '../normalize-values.js'
import { cutOf, makeAll } from '../pieces/divided.js'
import { readData } from '../prepare-data.js'
import { keepAdapter } from '../rollouts/kept-adapter.js'
import { dropUpTo } from '../rollouts/outdated.js'
import { type Answering, type RolloutCut, RolloutPieces } from '../rollouts/rollout-pieces.js'
import { currentAttempt, withFailPoint } from '../stage.js'
import { type Checkpoint, Checkpoints } from '../store/checkpoints.js'
import { Fence } from '../store/fence.js'
import { Journal } from '../store/journal.js'
import { retain } from '../store/retention.js'
import { claimEngine, originalKey } from '../store/runs/provenance.js'
import { runFolder } from '../store/runs/run-folder.js'
import type { ArtifactRef } from '../store/store.js'
import { markWith } from '../verifiers/mark-with.js'
import { runConfig, type Workplace } from '../workplace.js'
import { engineName } from './engine-name.js'
import type { PolicyCache } from './policy-cache.js'
import { configAtStep } from './step-config.js'
import { recordsOfStep } from './step-records.js'

/** References that the stages before training produced. */
export interface StageOutputs {
  data: ArtifactRef
  /** True values of the training and test items, and their statistics. */
  values: ArtifactRef
  /** The values that the arm's reward sees. */
  rewardValues: ArtifactRef
  /** Checkpoint 0. */
  start: ArtifactRef
}

export interface TrainingInput {
  /** The experiment's id. */
  run: string
  stages: StageOutputs
}

/** When it ends, also by a cancellation or a failure, everything that was journaled is on the disk. */
export async function inTraining<Result>(
  workplace: Workplace,
  policies: PolicyCache,
  input: TrainingInput,
  work: (training: Training) => Promise<Result>,
): Promise<Result> {
  const training = new Training(workplace, policies, input)
  try {
    return await work(training)
  } finally {
    await training.journal.sync()
  }
}

export class Training {
  readonly config: ExperimentConfig
  readonly data: DataSet
  /** The values that the arm's reward sees. */
  readonly rewardValues: StoredValues
  readonly journal: Journal
  readonly checkpoints: Checkpoints
  readonly fence: Fence
  readonly #folder: string
  readonly #experimentKey: string
  readonly #workplace: Workplace
  readonly #policies: PolicyCache
  readonly #input: TrainingInput
  readonly #began = performance.now()

  /**
   * Takes the experiment's fence from the attempt that had it.
   * @throws RlevError Drift on a worker of another version than the run's.
   */
  constructor(workplace: Workplace, policies: PolicyCache, input: TrainingInput) {
    const folder = runFolder(workplace.home, input.run)
    this.#workplace = workplace
    this.#policies = policies
    this.#input = input
    this.config = runConfig(workplace, input.run)
    const engine = engineName(this.config)
    if (engine !== null) this.#claim(engine)
    this.#folder = folder
    this.#experimentKey = originalKey(workplace.home, input.run, this.config)
    this.data = readData(workplace.store, input.stages.data)
    this.rewardValues = readValues(workplace.store, input.stages.rewardValues)
    this.fence = Fence.take(folder, currentAttempt())
    this.journal = new Journal(folder, this.fence, this.#experimentKey)
    this.checkpoints = new Checkpoints(folder, this.#experimentKey)
  }

  /** The policy after `step` updates. Steps after the loaded checkpoint are replayed. */
  async policyAt(step: number, hooks: Hooks): Promise<LivePolicy> {
    const { run, stages } = this.#input
    const warm = this.#policies.holds(run, step)
    const { config, checkpoints } = this
    const live = await this.#policies.atOrBefore({
      ...{ run, step, config, start: stages.start, checkpoints, hooks },
      ...{ folder: this.#folder, experimentKey: this.#experimentKey },
      mayCommit: () => this.fence.check(),
      claim: engine => this.#claim(engine),
    })
    if (!warm) log.info('policy loaded', { run, step: live.step, seconds: (performance.now() - this.#began) / 1000 })
    while (live.step < step) await this.#advance(live, hooks)
    return live
  }

  /** The step's responses: journaled, or sampled by the policy of the step before and journaled. */
  async rollout(step: number, hooks: Hooks): Promise<Rollout> {
    return this.journal.rollout(step) ?? this.#sample(await this.policyAt(step - 1, hooks), hooks)
  }

  /** What is missing of the step's rollout; null if it is there, or one activity makes what is missing. */
  async cut(step: number, hooks: Hooks): Promise<RolloutCut | null> {
    if (rolloutPiece(this.config) === null || this.journal.rollout(step) !== null) return null
    const pieces = await this.#pieces(await this.policyAt(step - 1, hooks))
    const cut = await cutOf(pieces)
    return cut === null ? null : { ...cut, adapter: pieces.adapter }
  }

  /** Makes the step's update, unless it is made, and gives its metrics. */
  async update(step: number, hooks: Hooks): Promise<StepMetrics> {
    await this.policyAt(step, hooks)
    const metrics = this.journal.metrics(step)
    // If the metrics were damaged since, the update is replayed from the step before, which measures it again.
    if (metrics === null) {
      await this.policyAt(step - 1, hooks)
      await this.policyAt(step, hooks)
    }
    return metrics ?? (this.journal.metrics(step) as StepMetrics)
  }

  /** The checkpoint of a step. The journal it was made from is on the disk before the checkpoint counts. */
  async checkpoint(step: number, hooks: Hooks): Promise<Checkpoint> {
    const there = this.checkpoints.whole(step)
    if (there !== null) return there
    const live = await this.policyAt(step, hooks)
    await this.journal.sync()
    const made = await this.checkpoints.make({
      step,
      fill: async folder => {
        await live.exportTo(folder, hooks)
        failPoint('checkpoint.weights')
        await live.saveStateTo(folder, hooks)
      },
      mayCommit: () => this.fence.check(),
    })
    const { checkpoints, config } = this
    retain({ folder: this.#folder, checkpoints, config, experimentKey: this.#experimentKey, made: step })
    return made
  }

  /** Makes or replays one step. A policy whose update failed is not used again. */
  async #advance(live: LivePolicy, hooks: Hooks): Promise<void> {
    const step = live.step + 1
    const config = configAtStep(this.config, step, this.journal)
    const started = performance.now()
    const before = this.journal.rollout(step)
    const rollout = before ?? (await this.#sample(live, hooks))
    const sampled = performance.now()
    const { time, records } = await recordsOfStep({ workplace: this.#workplace, training: this, rollout })
    const measuredBefore = this.journal.metrics(step)?.values
    let values: Record<string, number>
    try {
      const update = await policyGradientStep({
        policy: live,
        responses: rollout.responses,
        records,
        config,
        hooks: withFailPoint('update.tick', hooks),
        step,
        ...given({ before: measuredBefore }),
      })
      values = { ...trainingMetrics({ rollout, records, config }), ...update.metrics, ...scheduleMetrics(config) }
      await live.endStep({ hooks, mayCommit: () => this.fence.check() })
    } catch (error) {
      // A cancellation comes between micro-batches: before the first update, weights and moments are still those of
      // the step before.
      if (!(error instanceof CancelledFailure && live.isWhole)) await this.#policies.drop(this.#input.run)
      throw error
    }
    const seconds = (performance.now() - sampled) / 1000
    if (this.journal.metrics(step) !== null) {
      log.debug('step replayed', { run: this.#input.run, step, seconds })
      return
    }
    const tokens =
      rollout.dynamic?.tokens ?? rollout.responses.reduce((sum, response) => sum + response.tokens.length, 0)
    values['perf/update_seconds'] = seconds
    if (before === null) {
      values['perf/rollout_seconds'] = (sampled - started) / 1000
      values['perf/tokens_per_second'] = tokens / ((sampled - started) / 1000)
    }
    this.journal.keepMetrics({ step, time, values })
  }

  #claim(engine: string): void {
    claimEngine(this.#workplace.home, this.#input.run, engine)
  }

  /** The pieces of the rollout by this policy. Its adapter is in the store then. */
  async #pieces(live: LivePolicy): Promise<RolloutPieces> {
    const { run, stages } = this.#input
    const [workplace, step] = [this.#workplace, live.step + 1]
    const adapter = await keepAdapter(workplace.store, { run, step, live })
    const input = { run, stages, step, adapter }
    return new RolloutPieces({ workplace, config: this.config, input, items: this.data.train })
  }

  async #sample(live: LivePolicy, hooks: Hooks): Promise<Rollout> {
    const step = live.step + 1
    const { journal } = this
    const inPieces = rolloutPiece(this.config) !== null
    const ticking = withFailPoint('rollout.tick', hooks)
    const rollout = await (inPieces ? this.#sampleInPieces(live, ticking) : this.#sampleWhole(live, ticking))
    const kept = journal.keepRollout(rollout)
    journal.dropRounds(step)
    if (inPieces) await dropUpTo(this.#workplace.store, this.#input.run, step)
    return kept
  }

  async #answering(live: LivePolicy): Promise<Answering> {
    return { policy: live, ...(await this.#policies.measuring(this.#input.stages.start, this.config)) }
  }

  /** Pieces that are stored, by whichever worker, are taken. */
  async #sampleInPieces(live: LivePolicy, hooks: Hooks): Promise<Rollout> {
    const pieces = await this.#pieces(live)
    return pieces.together(await makeAll(pieces, { answering: () => this.#answering(live), hooks }))
  }

  async #sampleWhole(live: LivePolicy, hooks: Hooks): Promise<Rollout> {
    const step = live.step + 1
    const { config, journal } = this
    // Tests count these lines to see that nothing is sampled twice.
    log.debug('sampling', { run: this.#input.run, step })
    return sampleStep({
      ...(await this.#answering(live)),
      items: this.data.train,
      config,
      step,
      mark: markWith(this.#workplace, config, 'training'),
      kept: { read: () => journal.rounds(step), keep: rounds => journal.keepRounds(step, rounds) },
      hooks,
    })
  }
}
