/**
 * A batch: some experiments of a large sweep as child workflows. It exists so that no history becomes long: a workflow that is replayed
 * after its worker died has to go through all of it. It may run as many experiments as its sweep lends it places.
 */
import { CancellationScope } from '@temporalio/workflow'
import { endingOf } from '../cancellation.js'
import type { BatchInput } from './batch-messages.js'
import { BatchStages } from './batch-stages.js'

/** Ends as done also if experiments failed: the sweep hears of them. */
export async function sweepBatch(input: BatchInput): Promise<void> {
  const stages = new BatchStages(input)
  try {
    await stages.readCells()
    for (const experiment of stages.experiments) {
      if (stages.isLong) break
      await stages.begin(experiment)
    }
    await stages.everyEnding()
    await stages.close()
  } catch (error) {
    const ending = endingOf(error)
    await CancellationScope.nonCancellable(() => stages.abandon(ending))
    throw ending
  }
}
