/** Tables of transfer: our arms on further test sets, and what was published of such sets (table 2 of the paper). */
import type { Comparison } from '../../comparison/comparison.js'
import { kindOf } from './comparison-tables.js'
import { NONE, nameOf, percentEstimate, pointsDifference } from './format.js'
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
function transferTable({ arms }: Comparison, decoding: 'greedy' | 'expected'): Table | null {
  const sets = arms.find(arm => arm.figures !== null)?.figures?.transfer ?? []
  const rows = sets.flatMap(({ name }) =>
    arms.flatMap((arm): Row[] => {
      const own = arm.figures?.transfer.find(one => one.name === name)
      if (own === undefined) return []
      const cells = (['acc', 'hAcc'] as const).flatMap(key => [
        percentEstimate(own.base[decoding][key]),
        percentEstimate(own.final[decoding][key]),
        own.difference === null ? NONE : pointsDifference(own.difference[decoding][key]),
      ])
      return [{ kind: kindOf(arm), cells: [`${name}, ${nameOf(arm)}`, ...cells] }]
    }),
  )
  if (rows.length === 0) return null
  const columns = (title: string) => [`${title} before`, 'after', 'minus baseline']
  const how = decoding === 'greedy' ? 'greedy' : 'expected over samples'
  return {
    name: `transfer-${decoding}`,
    title: `Transfer to other test sets, ${how} (%; differences after training, in points)`,
    header: ['', ...columns('Acc'), ...columns('H-Acc')],
    rows,
  }
}

/** Acc that others published on their sets. Null where the sweep gives none. */
function publishedTransferTable({ arms, published }: Comparison): Table | null {
  const rows = arms.flatMap(arm =>
    Object.entries(published?.arms[arm.arm]?.transfer ?? {}).map(([set, { before, after }]) => {
      const other = arm.against === null ? undefined : published?.arms[arm.against]?.transfer?.[set]
      const difference = other === undefined ? null : (after - other.after) / 100
      const shown = difference === null ? NONE : pointsDifference({ mean: difference, half: null, n: 1 })
      return {
        cells: [`${set}, ${nameOf(arm)}`, before === undefined ? NONE : before.toFixed(1), after.toFixed(1), shown],
      }
    }),
  )
  if (published === null || rows.length === 0) return null
  return {
    name: 'transfer-published',
    title: `Beside it, ${published.source}: Acc on other test sets, single runs (%)`,
    header: ['', 'before', 'after', 'minus baseline'],
    rows,
  }
}
