/** Published numbers for arms of the same names beside ours. Levels depend on policy and exam; differences can be compared. */
import type { ArmComparison, Comparison } from '../../comparison/comparison.js'
import { columnCell, numberCell, pointsCell, signedCell } from './cells.js'
import { columnTitles, kindOf, NONE, nameOf } from './format.js'
import type { Cell, Row, Table } from './table.js'

const shown = ['acc', 'hAcc', 'length', 'valueDensity'] as const

/** Null if the sweep names no published arm. Ours are greedy, as in the paper, at the end of training. */
export function publishedTable({ arms, published }: Comparison): Table | null {
  if (published === null) return null
  const given = (arm: string | null) => (arm === null ? undefined : published.arms[arm])
  const rows = arms.flatMap((arm): Row[] => {
    const theirs = given(arm.arm)
    if (theirs?.acc === undefined || theirs.hAcc === undefined) return []
    const other = given(arm.against)
    const difference = other?.hAcc === undefined ? NONE : signedCell(theirs.hAcc - other.hAcc, 1)
    const cells = shown.flatMap(key => {
      const figure = theirs[key]
      return [figure === undefined ? NONE : numberCell(String(figure), figure), ours(arm, key)]
    })
    return [{ kind: kindOf(arm), cells: [nameOf(arm), ...cells, difference, oursMinusBaseline(arm)] }]
  })
  if (rows.length === 0) return null
  return {
    name: 'published',
    title: `Beside ${published.source}: single runs there; ours greedy, after training`,
    header: [
      'arm',
      ...shown.flatMap(key => [columnTitles[key], `${columnTitles[key]}, ours`]),
      `${columnTitles.hAcc} minus baseline (points)`,
      'minus baseline, ours',
    ],
    rows,
  }
}

function ours({ figures }: ArmComparison, key: (typeof shown)[number]): Cell {
  return columnCell(key, figures?.final.greedy[key])
}

function oursMinusBaseline({ finalDifferences }: ArmComparison): Cell {
  return pointsCell(finalDifferences?.greedy.hAcc)
}
