/** `rlev cancel NAME`: ends a run at the next micro-batch. Its files are kept, and `resume` goes on from them. */

import { clauseOf, isOver } from './runs/run-view.js'
import { commandFor } from './runs/shell-command.js'
import { until } from './runs/wait-until.js'
import { withRun } from './runs/with-run.js'

export function cancel({ home: path, name }: { home?: string | undefined; name: string }): Promise<void> {
  return withRun({ home: path, name }, async ({ home, view, temporal }) => {
    if (isOver(view.state)) return console.log(`nothing to cancel: ${name} ${clauseOf(view.state)}`)
    if (view.otherVersion?.answers === false) {
      await temporal.terminate(name)
      return console.log(`${name} was ended at once, because no worker of its version of the code answers`)
    }
    if (!(await temporal.cancel(name))) return console.log(`nothing to cancel: ${name} has just ended`)
    const again = `To go on where it stopped: ${commandFor(home, 'resume', name)}`
    const over = await until({ home, name, temporal }, ({ state }) => isOver(state))
    if (over !== undefined) return console.log(`${name} ${clauseOf(over.state)}. ${again}`)
    console.log(`${name} has been told to end, and will once what is being computed is finished. ${again}`)
  })
}
