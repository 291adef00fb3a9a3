/** The tallies of the steps of experiments, kept while the process lives: a look every second reads only the steps that are new. */
import { GrowingTally } from '../../activities/store/step-tallies.js'
import { StepTally, type StoredTally } from '../../pipelines/evaluation/step-tally.js'

const known = new Map<string, GrowingTally>()

/** `folder`: of an experiment; `stored`: what its result has, from which nothing is read again. Results of older versions have none. */
export function tallyIn(folder: string, stored: StoredTally | undefined): StepTally {
  if (stored !== undefined) return new StepTally(stored)
  const there = known.get(folder) ?? new GrowingTally(folder)
  known.set(folder, there)
  return there.grown()
}
