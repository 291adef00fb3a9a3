/** The experiments of a batch in numbers, which is what its sweep hears of them. Pure. */

import type { ExperimentProgress } from '../messages.js'
import type { Counts, Lost } from './batch-messages.js'

export const noCounts: Counts = { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0 }
export const nothingLost: Lost = { arms: {}, examples: [], notBegun: 0 }

/** Failures that a batch tells in words, and characters of each. */
const maxExamples = 3
const maxExample = 300

/** `begun`: experiments before this one were begun or left out. */
export function countsOf(experiments: readonly ExperimentProgress[], begun: number): Counts {
  const counts = { ...noCounts }
  experiments.forEach(({ state }, index) => {
    if (state === 'running' || state === 'paused') counts[index < begun ? 'running' : 'waiting']++
    else counts[state]++
  })
  return counts
}

/** `notBegun`: whether an experiment was left out because another one had failed. */
export function lostOf(
  experiments: readonly ExperimentProgress[],
  notBegun: (experiment: ExperimentProgress) => boolean,
): Lost {
  const ended = experiments.filter(({ state }) => state === 'failed' || state === 'cancelled')
  const lost = ended.filter(experiment => !notBegun(experiment))
  const arms: Record<string, number> = {}
  for (const { arm } of lost) arms[arm] = (arms[arm] ?? 0) + 1
  const examples = lost.slice(0, maxExamples).map(lossText)
  return { arms, examples, notBegun: ended.length - lost.length }
}

/** `arm seed 1 (the loss is not finite)`. */
export function lossText({ arm, seed, state, failure }: ExperimentProgress): string {
  return `${arm} seed ${seed} (${failure?.split('\n')[0] ?? state})`.slice(0, maxExample)
}

export function sumOfCounts(parts: readonly Counts[]): Counts {
  const sum = { ...noCounts }
  for (const part of parts) for (const state of Object.keys(sum) as (keyof Counts)[]) sum[state] += part[state]
  return sum
}
