/** `rlev cancel NAME`: ends a run. Its files are kept, and `resume` goes on from them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { lookAtRun } from './runs/look.js'
import { withRun } from './runs/open.js'
import { clauseOf, isOver } from './runs/view.js'
import { commandFor } from './runs/words.js'

/** Milliseconds to wait for what is being computed to notice. */
const patience = 60_000

export function cancel({ home: path, name }: { home?: string | undefined; name: string }): Promise<void> {
  return withRun({ home: path, name }, async ({ home, view, temporal }) => {
    if (isOver(view.state)) return console.log(`nothing to cancel: ${name} ${clauseOf(view.state)}`)
    if (!(await temporal.cancel(name))) return console.log(`nothing to cancel: ${name} has just ended`)
    const again = `To go on where it stopped: ${commandFor(home, 'resume', name)}`
    for (const end = Date.now() + patience; Date.now() < end; await sleep(500)) {
      const { state } = await lookAtRun(home, name, temporal)
      if (isOver(state)) return console.log(`${name} ${clauseOf(state)}. ${again}`)
    }
    console.log(`${name} has been told to end, and will once what is being computed is finished. ${again}`)
  })
}
