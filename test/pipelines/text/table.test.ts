import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aligned } from '../../../pipelines/report/tables/table.js'
import { layOutTable } from '../../../pipelines/text/table.js'
import { textWidth } from '../../../pipelines/text/width.js'

const columns = [
  { heading: 'arm', shrinks: true },
  { heading: 'H-Acc', align: 'right' as const },
]

test('columns are as wide as their widest cell, numbers stand on the right, East Asian text counts double', () => {
  assert.deepEqual(
    layOutTable({
      columns,
      rows: [
        ['数学', '61.0'],
        ['correctness', '5.25'],
      ],
    }),
    ['arm          H-Acc', '数学          61.0', 'correctness   5.25'],
  )
})

test('where the terminal is narrow, columns that may shrink give way and nothing is wider than it', () => {
  const lines = layOutTable({ columns, rows: [['a very long name of an arm indeed', '61.0']], width: 20 })
  assert.ok(lines.every(line => textWidth(line) <= 20))
  assert.match(lines[1] ?? '', /^a very long … {3}61\.0$/)
})

test('a table without rows is its headings', () => {
  assert.deepEqual(layOutTable({ columns, rows: [] }), ['arm  H-Acc'])
})

test('a dispensable column is left out before anything is cut', () => {
  const three = [...columns, { heading: 'tokens/s', dispensable: 1 }]
  const rows = [['correctness', '61.0', '3124']]
  assert.deepEqual(layOutTable({ columns: three, rows, width: 20 }), ['arm          H-Acc', 'correctness   61.0'])
  assert.match(layOutTable({ columns: three, rows, width: 40 })[0] ?? '', /tokens\/s/)
})

test('figures of a report stay below each other if a row begins with Chinese', () => {
  const [header, first, second] = aligned([
    ['section', 'Acc'],
    ['代数', '71.0'],
    ['geometry', '9.5'],
  ]).split('\n')
  assert.deepEqual([header, first, second], ['  section    Acc', '  代数      71.0', '  geometry   9.5'])
})
