/** The value transmission of each arm as a table: predicted and measured. */
import type { Comparison } from '../../comparison/comparison.js'
import type { TransmissionEstimate } from '../../comparison/measured-transmission.js'
import { given } from '../../given.js'
import { kindOf, NONE, nameOf } from './format.js'
import type { Cell, Row, Table } from './table.js'

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
  const unpredicted = arms.some(
    ({ transmission: one }) => one !== null && one.predicted.plan !== null && one.predicted.answers === null,
  )
  return {
    name: 'transmission',
    title:
      'Value transmission over all steps of training, with its standard error. 0: the estimator cancels the value, 1: it passes the value on',
    header: ['arm', 'predicted by the plan', "predicted from the policy's answers", 'measured', 'steps', ''],
    rows,
    ...given({
      note: unpredicted
        ? "Predicting it from the policy's answers needs evaluation.samples of at least rollout.samples."
        : undefined,
    }),
  }
}

function shown(found: TransmissionEstimate | null): Cell {
  if (found === null) return NONE
  // Not -0.000.
  const number = (Math.round(1000 * found.transmission) / 1000 + 0).toFixed(3)
  const numbers = { '': found.transmission, 'standard error': found.error }
  return { text: found.error === null ? number : `${number} ± ${found.error.toFixed(3)}`, numbers }
}
