/**
 * `rlev pause NAME`: what computes the policy gives way at its next micro-batch, and the worker is free. Finished steps are kept; a step
 * under way is made again at `resume`, with the same bits.
 */

import { clauseOf, isOver } from './runs/run-view.js'
import { commandFor } from './runs/shell-command.js'
import { until } from './runs/wait-until.js'
import { withRun } from './runs/with-run.js'

export function pause({ home: path, name }: { home?: string | undefined; name: string }): Promise<void> {
  return withRun({ home: path, name }, async ({ home, view, temporal }) => {
    if (isOver(view.state)) return console.log(`nothing to pause: ${name} ${clauseOf(view.state)}`)
    if (view.state === 'paused') return console.log(`nothing to do: ${name} is paused`)
    if (!(await temporal.pause(name))) return console.log(`nothing to pause: ${name} has just ended`)
    const again = `To go on: ${commandFor(home, 'resume', name)}`
    // A sweep is paused once it has said so to its experiments; the worker is free once they have stopped.
    const atRest = await until({ home, name, temporal }, ({ state, experiments }) => {
      return isOver(state) || (state === 'paused' && !experiments.some(experiment => experiment.state === 'running'))
    })
    if (atRest === undefined)
      return console.log(`${name} has been told to pause, and will at its next micro-batch. ${again}`)
    if (isOver(atRest.state)) return console.log(`nothing to pause: ${name} ${clauseOf(atRest.state)}`)
    console.log(`${name} is paused. ${again}`)
  })
}
