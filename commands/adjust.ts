/** `rlev adjust NAME`: changes a sweep while it runs, by workflow updates, which the workflow checks before it takes them. */
import { RlevError } from '../pipelines/errors.js'
import { concurrencyUpdate, stopArmUpdate } from '../workflows/messages.js'
import { clauseOf, isOver } from './runs/run-view.js'
import { withRun } from './runs/with-run.js'

export interface AdjustOptions {
  home?: string | undefined
  name: string
  concurrency?: number | undefined
  stopArm?: string | undefined
}

export function adjust({ home, name, concurrency, stopArm }: AdjustOptions): Promise<void> {
  if (concurrency === undefined && stopArm === undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'nothing to adjust',
      place: 'rlev adjust',
      expected: '--concurrency, --stop-arm or both',
      found: 'neither',
    })
  }
  return withRun({ home, name }, async ({ view, temporal }) => {
    if (view.kind !== 'sweep') {
      const expected = 'the name of a sweep'
      throw new RlevError({
        kind: 'CallInvalid',
        message: 'one experiment has nothing to adjust',
        place: name,
        expected,
      })
    }
    const over = () =>
      console.log(`nothing to adjust: ${name} ${isOver(view.state) ? clauseOf(view.state) : 'has just ended'}`)
    if (isOver(view.state)) return over()
    if (concurrency !== undefined) {
      if (!(await temporal.update(name, concurrencyUpdate, concurrency))) return over()
      console.log(`${name} runs ${concurrency} at a time from now on`)
    }
    if (stopArm !== undefined) {
      if (!(await temporal.update(name, stopArmUpdate, stopArm))) return over()
      console.log(`${name} gives up ${stopArm}; what it made is kept`)
    }
  })
}
