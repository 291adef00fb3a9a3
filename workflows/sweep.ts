/**
 * A sweep: every arm with every seed as a child workflow, some at a time, and the comparison at the end. A large one starts them in
 * batches (batches/large-sweep.ts). The limit here is for order and fairness; what keeps a GPU to one experiment at a time is the single slot of
 * its worker.
 */
import { CancellationScope } from '@temporalio/workflow'
import { largeSweep } from './batches/large-sweep.js'
import { endingOf } from './cancellation.js'
import type { SweepInput, SweepResult } from './messages.js'
import { SweepStages } from './sweep/sweep-stages.js'

/** Fails, after the report, if an experiment failed. */
export async function sweep(input: SweepInput): Promise<SweepResult> {
  if ('batches' in input && input.batches !== undefined) return largeSweep(input, input.batches)
  const stages = new SweepStages(input)
  await stages.keepPlan()
  try {
    for (const experiment of stages.experiments) await stages.begin(experiment)
    await stages.everyResult()
    await stages.report()
    await stages.everyEnding()
    await stages.close()
  } catch (error) {
    const ending = endingOf(error)
    await CancellationScope.nonCancellable(() => stages.abandon(ending))
    throw ending
  }
  return stages.result()
}
