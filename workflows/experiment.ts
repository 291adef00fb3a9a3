/**
 * One experiment: one arm with one seed, from its data to its report. Everything that computes is an activity whose output
 * is in the store, so a workflow that is started again for the same experiment skips what is there and continues.
 */
import { CancellationScope, ContinueAsNew } from '@temporalio/workflow'
import { endingOf } from './cancellation.js'
import { ExperimentStages } from './experiment-stages.js'
import type { ExperimentInput, ExperimentResult } from './messages.js'

export async function experiment(input: ExperimentInput): Promise<ExperimentResult> {
  const stages = new ExperimentStages(input)
  const { carried } = input
  const complete = carried === undefined && (await stages.keepConfig())
  try {
    if (!complete) {
      const outputs = carried?.stages ?? (await stages.prepare())
      await stages.train(outputs)
    }
    return await stages.report()
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error
    const ending = endingOf(error)
    await CancellationScope.nonCancellable(() => stages.abandon(ending))
    throw ending
  }
}
