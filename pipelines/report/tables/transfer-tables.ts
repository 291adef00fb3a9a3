/** Tables of transfer: our arms on further test sets, and what was published of such sets (table 2 of the paper). */
import type { Comparison } from '../../comparison/comparison.js'
import { numberCell, percentCell, pointsCell, signedCell } from './cells.js'
import { kindOf, NONE, nameOf } from './format.js'
import type { Row, Table } from './table.js'

/** Empty without further test sets. */
export function transferTables(comparison: Comparison): Table[] {
  return [
    transferTable(comparison, 'greedy'),
    transferTable(comparison, 'expected'),
    publishedTransferTable(comparison),
  ].filter(table => table !== null)
}

/** Greedy is as the paper measures, expected has less noise. Null without further test sets. */
function transferTable({ arms, sampled }: Comparison, decoding: 'greedy' | 'expected'): Table | null {
  if (decoding === 'expected' && !sampled) return null
  const sets = arms.find(arm => arm.figures !== null)?.figures?.transfer ?? []
  const hasCut = sets.some(({ final }) => final[decoding].cut !== undefined)
  const rows = sets.flatMap(({ name }) =>
    arms.flatMap((arm): Row[] => {
      const own = arm.figures?.transfer.find(one => one.name === name)
      if (own === undefined) return []
      const beforeAndAfter = (key: 'acc' | 'cut' | 'hAcc') => [
        percentCell(own.base[decoding][key]),
        percentCell(own.final[decoding][key]),
      ]
      const cells = [
        ...beforeAndAfter('acc'),
        pointsCell(own.difference?.[decoding].acc),
        ...(hasCut ? beforeAndAfter('cut') : []),
        ...beforeAndAfter('hAcc'),
        pointsCell(own.difference?.[decoding].hAcc),
      ]
      return [{ kind: kindOf(arm), cells: [`${name}, ${nameOf(arm)}`, ...cells] }]
    }),
  )
  if (rows.length === 0) return null
  const columns = (title: string) => [`${title} before`, `${title} after`, `${title} minus baseline`]
  const how = decoding === 'greedy' ? 'greedy' : 'expected over samples'
  return {
    name: `transfer-${decoding}`,
    title: `Transfer to other test sets, ${how} (%; differences after training, in points)`,
    header: ['set, arm', ...columns('Acc'), ...(hasCut ? ['cut before', 'cut after'] : []), ...columns('H-Acc')],
    rows,
  }
}

/** Acc that others published on their sets. Null where the sweep gives none. */
function publishedTransferTable({ arms, published }: Comparison): Table | null {
  const rows = arms.flatMap(arm =>
    Object.entries(published?.arms[arm.arm]?.transfer ?? {}).map(([set, { before, after }]) => {
      const other = arm.against === null ? undefined : published?.arms[arm.against]?.transfer?.[set]
      const figure = (points: number | undefined) =>
        points === undefined ? NONE : numberCell(points.toFixed(1), points)
      const difference = other === undefined ? NONE : signedCell(after - other.after, 1)
      return { cells: [`${set}, ${nameOf(arm)}`, figure(before), figure(after), difference] }
    }),
  )
  if (published === null || rows.length === 0) return null
  return {
    name: 'transfer-published',
    title: `Beside it, ${published.source}: Acc on other test sets, single runs (%)`,
    header: ['set, arm', 'before', 'after', 'minus baseline'],
    rows,
  }
}
