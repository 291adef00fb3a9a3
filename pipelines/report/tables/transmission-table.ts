/** The value transmission of each arm as a table: predicted and measured. */
import type { Comparison } from '../../comparison/comparison.js'
import type { TransmissionEstimate } from '../../comparison/measured-transmission.js'
import { kindOf } from './comparison-tables.js'
import { NONE, nameOf } from './format.js'
import type { Row, Table } from './table.js'

/** Null where no arm scales anything. */
export function transmissionTable({ arms }: Comparison): Table | null {
  const rows = arms.flatMap((arm): Row[] => {
    const { transmission: measured } = arm
    if (measured === null) return []
    const { predicted, steps, cancelled } = measured
    const cells = [nameOf(arm), shown(predicted.plan), shown(predicted.answers), shown(measured), String(steps)]
    return [{ kind: kindOf(arm), cells: [...cells, cancelled ? 'cancelled' : ''] }]
  })
  if (rows.length === 0) return null
  return {
    name: 'transmission',
    title: 'Value transmission over all steps of training, with its standard error (0: cancelled, 1: passed on)',
    header: ['', 'plan', "policy's answers", 'measured', 'steps', ''],
    rows,
  }
}

function shown(found: TransmissionEstimate | null): string {
  if (found === null) return NONE
  // Not -0.000.
  const number = (Math.round(1000 * found.transmission) / 1000 + 0).toFixed(3)
  return found.error === null ? number : `${number} ± ${found.error.toFixed(3)}`
}
