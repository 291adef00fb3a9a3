/**
 * A run to its end in this process: the stages in the workflow's order, each in Temporal's activity environment, and tried again
 * as the workflow would. What a drill of the store needs, without a service.
 */
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import type { TrainingInput } from '../../activities/training/training.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import { evaluationDue } from '../../pipelines/config/due-steps.js'
import type { ExperimentConfig, ExperimentPlan } from '../../pipelines/config/schema.js'
import { nextBoundary, stagesAreSeparate } from '../../workflows/segments.js'

export interface InProcessOptions {
  home: string
  config: ExperimentConfig
  /** Called before each stage, with its number from 1. */
  before?: (stage: number) => void
  /** Called for each attempt that failed and may be repeated; what it throws ends the run. `true`: the next attempt finds a cold worker. */
  failed?: (failure: ApplicationFailure) => boolean | undefined
}

/** The sha256 of the final weights. Throws the failure of a stage that is not tried again. */
export async function runInProcess(options: InProcessOptions): Promise<string> {
  const run = new InProcessRun(options)
  try {
    return await run.toEnd()
  } finally {
    await run.dispose()
  }
}

class InProcessRun {
  readonly #options: InProcessOptions
  readonly #place: Workplace
  #policies: PolicyCache
  #stages = 0

  constructor(options: InProcessOptions) {
    this.#options = options
    this.#place = workplace(options.home)
    this.#policies = new PolicyCache(this.#place.store)
  }

  async toEnd(): Promise<string> {
    const { config } = this.#options
    const run = config.name
    const plan: ExperimentPlan = { kind: 'experiment', name: run, config, warnings: [] }
    const io = ioActivities(this.#place)
    const { finished } = await this.#stage(() => io.freezeRun, { experiment: { id: run, config }, plan })
    if (finished?.weights !== undefined) return finished.weights

    const data = await this.#stage(() => io.prepareData, { run })
    const values = await this.#stage(() => io.normalizeValues, { run, data })
    const rewardValues = await this.#stage(() => io.ablateValues, { run, values })
    const start = await this.#stage(gpu => gpu.warmStart, { run, data })
    const stages = { data, values, rewardValues, start }
    await this.#stage(gpu => gpu.evaluatePolicy, { run, stages, step: 0 })

    let weights: string | undefined
    for (let step = 0; step < config.steps; ) {
      const to = nextBoundary(step, config)
      weights = await this.#train({ run, stages }, step, to)
      step = to
      if (evaluationDue(step, config)) await this.#stage(gpu => gpu.evaluatePolicy, { run, stages, step })
    }
    if (weights === undefined) throw new Error('the last run of steps made no checkpoint')
    await this.#stage(() => io.recordResult, { run, state: 'done', step: config.steps, weights })
    await this.#stage(() => io.publishReport, { name: run })
    return weights
  }

  dispose(): Promise<void> {
    return this.#policies.dispose()
  }

  /** sha256 of the weights, where the steps end with a checkpoint. */
  async #train(input: TrainingInput, from: number, to: number): Promise<string | undefined> {
    if (!stagesAreSeparate(this.#options.config)) {
      return (await this.#stage(gpu => gpu.trainSteps, { ...input, from, to })).weights
    }
    const io = ioActivities(this.#place)
    await this.#stage(gpu => gpu.rollOut, { ...input, step: to })
    await this.#stage(() => io.scaleRewards, { ...input, step: to })
    return (await this.#stage(gpu => gpu.updatePolicy, { ...input, step: to })).weights
  }

  async #stage<Input, Output>(
    choose: (gpu: ReturnType<typeof gpuActivities>) => (input: Input) => Promise<Output>,
    input: Input,
  ): Promise<Output> {
    const { before, failed } = this.#options
    before?.(++this.#stages)
    for (let attempt = 1; ; attempt++) {
      const activity = choose(gpuActivities(this.#place, this.#policies))
      const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
      try {
        return await environment.run<[Input], Output, typeof activity>(activity, input)
      } catch (error) {
        if (!(error instanceof ApplicationFailure) || error.nonRetryable) throw error
        if (failed?.(error) !== true) continue
        await this.#policies.dispose()
        this.#policies = new PolicyCache(this.#place.store)
      }
    }
  }
}
