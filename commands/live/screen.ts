/** Where progress goes: a table that is drawn over itself in a terminal, plain lines elsewhere. */
import type { RunView } from '../runs/run-view.js'
import { ProgressLines } from './progress-lines.js'
import { progressTable } from './progress-table.js'

export interface Screen {
  /** Milliseconds between looks that are worth it. */
  readonly pace: number
  show(view: RunView, now: number): void
  /** Leaves the last view where it is; what is printed next comes below. */
  done(): void
}

/** `dumb` terminals (editors, some log viewers) cannot draw over what was written. */
export async function openScreen(stream: NodeJS.WriteStream = process.stdout): Promise<Screen> {
  if (!stream.isTTY || process.env['TERM'] === 'dumb') return plainScreen(stream)
  const { createLogUpdate } = await import('log-update')
  const draw = createLogUpdate(stream)
  return {
    pace: 1_000,
    show: (view, now) => draw(progressTable(view, { width: stream.columns, height: stream.rows, now }).join('\n')),
    done: () => draw.done(),
  }
}

function plainScreen(stream: NodeJS.WriteStream): Screen {
  const lines = new ProgressLines()
  return {
    pace: 2_000,
    show(view, now) {
      for (const line of lines.next(view, now)) stream.write(`${line}\n`)
    },
    done() {},
  }
}
