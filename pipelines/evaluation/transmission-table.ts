/** The measured value transmission of each arm as a table. */
import type { Comparison } from './comparison.js'
import { kindOf } from './comparison-tables.js'
import { NONE, nameOf } from './format.js'
import type { Row, Table } from './table.js'

/** Null where no arm scales anything. */
export function transmissionTable({ arms }: Comparison): Table | null {
  const rows = arms.flatMap((arm): Row[] => {
    const { transmission: measured } = arm
    if (measured === null) return []
    const { transmission, error, steps, cancelled } = measured
    // Not -0.00.
    const shown = cancelled ? '0.00' : transmission.toFixed(2)
    const cells = [nameOf(arm), shown, error === null ? NONE : error.toFixed(3), String(steps)]
    return [{ kind: kindOf(arm), cells: [...cells, cancelled ? 'cancelled' : ''] }]
  })
  if (rows.length === 0) return null
  return {
    name: 'transmission',
    title: 'Value transmission, measured over all steps of training (0: cancelled, 1: passed on)',
    header: ['', 'transmission', 'standard error', 'steps', ''],
    rows,
  }
}
