/** `rlev pause NAME`: the steps that are being computed finish, then the run waits. Nothing is computed twice. */
import { withRun } from './runs/open.js'
import { clauseOf, isOver } from './runs/view.js'
import { commandFor } from './runs/words.js'

export function pause({ home: path, name }: { home?: string | undefined; name: string }): Promise<void> {
  return withRun({ home: path, name }, async ({ home, view, temporal }) => {
    if (isOver(view.state)) return console.log(`nothing to pause: ${name} ${clauseOf(view.state)}`)
    if (view.state === 'paused') return console.log(`nothing to do: ${name} is paused`)
    if (!(await temporal.pause(name))) return console.log(`nothing to pause: ${name} has just ended`)
    console.log(`${name} pauses when what is being computed is finished. To go on: ${commandFor(home, 'resume', name)}`)
  })
}
