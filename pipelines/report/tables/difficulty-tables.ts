/** Tables of value against difficulty: the part of an arm's gain that depends on value at a fixed pass rate of the base policy. */

import type { Comparison } from '../../comparison/comparison.js'
import { differenceCell, pointsCell, shareCell } from './cells.js'
import { kindOf, nameOf } from './format.js'
import type { Row, Table } from './table.js'

/** Empty where no arm has a pair whose single items are known. */
export function difficultyTables({ arms }: Comparison): Table[] {
  const known = arms.flatMap(arm => (arm.difficulty === null ? [] : [{ arm, difficulty: arm.difficulty }]))
  if (known.length === 0) return []
  return [
    {
      name: 'difficulty',
      title:
        'Value against difficulty: gain in expected H-Acc over the curve, and what of it goes by value at the same pass rate of the base (points)',
      header: [
        'arm',
        'H-Acc',
        known.some(({ difficulty }) => difficulty.byCredit) ? '= mean credit' : '= Acc',
        '+ by value within difficulty',
        '+ by difficulty',
        'r(value, gain)',
        'r at fixed pass rate',
      ],
      rows: known.map(({ arm, difficulty }): Row => {
        const { hAcc, acc, byValue, byDifficulty, correlation, partial } = difficulty
        const cells = [hAcc, acc, byValue, byDifficulty].map(pointsCell)
        return {
          kind: kindOf(arm),
          cells: [nameOf(arm), ...cells, differenceCell(correlation), differenceCell(partial)],
        }
      }),
    },
    {
      name: 'difficulty-strata',
      title: 'The same by pass rate of the base: gain of the items, weighted as in Acc and by value (points)',
      header: ['pass rate, arm', '% of the items', '% of the value', 'gain', 'gain by value'],
      rows: known.flatMap(({ arm, difficulty }) =>
        difficulty.strata.map(
          ({ passRate, share, valueShare, acc, hAcc }): Row => ({
            kind: kindOf(arm),
            cells: [
              `${passRate}, ${nameOf(arm)}`,
              shareCell(share),
              shareCell(valueShare),
              pointsCell(acc),
              pointsCell(hAcc),
            ],
          }),
        ),
      ),
    },
  ]
}
