/** Stage of a batch: some experiments of a sweep, in the order of their start. */
import { type CellOutline, cellOutline } from '../pipelines/config/sweep-outline.js'
import { stage } from './stage.js'
import { frozenSweep, type SweepReference } from './store/runs/frozen-sweep.js'
import type { Workplace } from './workplace.js'

/** From the experiment `from`, counted from 0, to the one before `to`. */
export interface ReadCellsInput extends SweepReference {
  from: number
  to: number
}

export function readCells({ home }: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ from, to, ...reference }: ReadCellsInput): Promise<CellOutline[]> =>
      frozenSweep(home, reference).cells.slice(from, to).map(cellOutline),
  })
}
