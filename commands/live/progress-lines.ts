/** Progress where there is no terminal: a plain line when a stage changes, and for each experiment at work one now and then. */

import { oneLine } from '../../pipelines/text/width.js'
import type { ExperimentView, RunView } from '../runs/run-view.js'
import { formatCount, formatDuration, formatNumber, formatShare } from '../text/format.js'
import { alarmTexts, stageDetail, stageText, summaryLine } from './progress-table.js'
import { type Selection, select } from './selection.js'

/** Milliseconds between lines while nothing but steps changes. */
export const interval = 15_000

export class ProgressLines {
  readonly #stages = new Map<string, string>()
  readonly #notes = new Set<string>()
  readonly #alarms = new Set<string>()
  readonly #selection: Selection
  #last: number | undefined

  /** `selection`: which experiments get lines. */
  constructor(selection: Selection = {}) {
    this.#selection = selection
  }

  /** Lines to print for this view: none, mostly. */
  next(view: RunView, now: number): string[] {
    const notes = view.notes.filter(note => !this.#notes.has(note))
    this.#notes.clear()
    for (const note of view.notes) this.#notes.add(note)
    const alarms = alarmTexts({
      ...view,
      experiments: view.experiments.filter(experiment => this.#isAlarmed(experiment)),
    })
    const changed = new Set(view.experiments.filter(experiment => this.#hasChanged(experiment)))
    const due = this.#last === undefined || now - this.#last >= interval
    if (!due && changed.size === 0) return [...alarms, ...notes.map(oneLine)]
    const told = view.experiments.filter(
      experiment => changed.has(experiment) || (due && experiment.state === 'running'),
    )
    const summary = due && view.kind === 'sweep' ? [summaryLine(view, now)] : []
    if (due) this.#last = now
    const { shown, hidden } = select({ experiments: told }, this.#selection)
    return [
      ...shown.map(experiment => experimentLine(experiment, view.kind)),
      ...(hidden.length === 0 ? [] : [`and ${hidden.length} other experiments, as \`rlev status ${view.name}\` shows`]),
      ...summary,
      ...alarms,
      ...notes.map(oneLine),
    ]
  }

  /** Whether it has an alarm of a kind that it did not have before. */
  #isAlarmed({ id, alarms = [] }: ExperimentView): boolean {
    const fresh = alarms.map(({ kind }) => `${id} ${kind}`).filter(key => !this.#alarms.has(key))
    for (const key of fresh) this.#alarms.add(key)
    return fresh.length > 0
  }

  /** An experiment that waits for its turn has nothing to tell yet. */
  #hasChanged(experiment: ExperimentView): boolean {
    const stage = stageText(experiment)
    const before = this.#stages.get(experiment.id)
    this.#stages.set(experiment.id, stage)
    return before !== stage && !(before === undefined && experiment.state === 'waiting')
  }
}

/** `human-aligned seed 2  train  step 40/100  reward 0.812  H-Acc 61.2  expected 58.7  3.1k tokens/s  41 s left`. */
export function experimentLine(experiment: ExperimentView, kind: RunView['kind']): string {
  const {
    arm,
    seed,
    step,
    steps,
    reward,
    hAcc,
    expectedHAcc,
    tokensPerSecond,
    secondsLeft,
    state,
    failure,
    stoppedEarly,
  } = experiment
  const parts = [kind === 'sweep' ? `${arm} seed ${seed}` : arm, stageDetail(experiment)]
  if (state !== 'waiting') parts.push(`step ${step}/${steps}`)
  if (reward !== undefined) parts.push(`reward ${formatNumber(reward, 3)}`)
  if (hAcc !== undefined) parts.push(`H-Acc ${formatShare(hAcc)}`)
  if (expectedHAcc !== undefined) parts.push(`expected ${formatShare(expectedHAcc)}`)
  if (state === 'running' && tokensPerSecond !== undefined) parts.push(`${formatCount(tokensPerSecond)} tokens/s`)
  if (state === 'running' && secondsLeft) parts.push(`${formatDuration(secondsLeft)} left`)
  if (stoppedEarly !== undefined) parts.push(stoppedEarly)
  if (failure !== undefined) parts.push(oneLine(failure))
  return parts.join('  ')
}
