/** How long the work will still take: an estimate from its pace so far, absent before there is a basis. */
import type { ExperimentView } from '../runs/view.js'
import { isOver } from '../runs/view.js'

export interface Moment {
  /** Milliseconds. */
  time: number
  /** Training steps made by then. */
  step: number
}

/**
 * Seconds for `stepsLeft` more at the pace between two moments. Warm start and evaluations count towards the pace as far as
 * they fell between the two.
 */
export function secondsLeft(options: { since: Moment; now: Moment; stepsLeft: number }): number | undefined {
  const { since, now, stepsLeft } = options
  if (stepsLeft === 0) return 0
  if (now.step <= since.step || now.time <= since.time) return undefined
  return ((now.time - since.time) / 1000 / (now.step - since.step)) * stepsLeft
}

/** Steps made and steps left over all experiments; one that ended short of its steps has none left. */
export function stepsOf(experiments: readonly ExperimentView[]): { made: number; left: number } {
  const made = experiments.reduce((sum, { step }) => sum + step, 0)
  const open = experiments.filter(({ state }) => !isOver(state))
  return { made, left: open.reduce((sum, { step, steps }) => sum + steps - step, 0) }
}
