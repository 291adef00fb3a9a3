/** Brings a sweep in batches to a moment at which a test sends it a message, and looks at its counts. */
import type { SweepPlan } from '../../../pipelines/config/schema.js'
import type { Counts } from '../../../workflows/batches/batch-messages.js'
import { shortest } from '../tiny.js'
import type { HeldCall } from './mocked-activities.js'
import { mocked, type Sweep, sweepProgress } from './mocked-workers.js'
import { hold } from './sweep-moments.js'

export const none: Counts = { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0 }
export const countsOf = async (sweep: Sweep) => (await sweepProgress(sweep)).counts
export const arms = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`arm-${index}`, { ...shortest, steps: index + 2 }]))

/** Begins a sweep in batches, and waits until these experiments are in their training, in which they are held. */
export async function inTraining(plan: SweepPlan, shape: { cells: number; maxEvents?: number }, ...ids: string[]) {
  const training = ids.map(id => hold(id, 'trainSteps'))
  const sweep = await mocked.startLargeSweep(plan, shape)
  await Promise.all(training.map(({ begun }) => begun))
  return { sweep, training }
}

export const answer = (held: readonly HeldCall[]) => held.forEach(call => void call.answer())
