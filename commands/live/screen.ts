/** Where progress goes: a table that is drawn over itself in a terminal, plain lines elsewhere. */
import type { RunView } from '../runs/run-view.js'
import { ProgressLines } from './progress-lines.js'
import { progressTable } from './progress-table.js'
import { isSelective, type Selection } from './selection.js'

export interface Screen {
  /** Milliseconds between looks that are worth it. */
  readonly pace: number
  show(view: RunView, now: number): void
  /** Leaves the last view where it is; what is printed next comes below. */
  done(): void
}

/** `dumb` terminals (editors, some log viewers) cannot draw over what was written. */
export async function openScreen(
  stream: NodeJS.WriteStream = process.stdout,
  selection: Selection = {},
): Promise<Screen> {
  if (!stream.isTTY || process.env['TERM'] === 'dumb') return plainScreen(stream, selection)
  const { createLogUpdate } = await import('log-update')
  const draw = createLogUpdate(stream)
  return {
    pace: 1_000,
    show(view, now) {
      const { columns: width, rows: height } = stream
      // A table that is higher than the terminal cannot be drawn over.
      const limit = Math.min(selection.limit ?? Number.POSITIVE_INFINITY, Math.max(1, height - linesAround))
      const cut = isSelective(selection) ? { ...selection, limit } : {}
      draw(
        progressTable(view, { width, height, now, selection: cut })
          .slice(0, height - 1)
          .join('\n'),
      )
    },
    done: () => draw.done(),
  }
}

/** Lines of a selection besides its experiments: counts, headings and notes. */
const linesAround = 8

function plainScreen(stream: NodeJS.WriteStream, selection: Selection): Screen {
  const lines = new ProgressLines(selection)
  return {
    pace: 2_000,
    show(view, now) {
      for (const line of lines.next(view, now)) stream.write(`${line}\n`)
    },
    done() {},
  }
}
