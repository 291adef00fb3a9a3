import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { pCell, percentCell } from '../../../pipelines/report/tables/cells.js'
import { csvTable, markdownTable, type Table, textTable } from '../../../pipelines/report/tables/table.js'

const table = (cells: string[]): Table => ({ name: 't', title: 'T|x', header: ['a', 'b'], rows: [{ cells }] })

test('a reader of CSV gets the cells back, whatever is in them', () => {
  const printed = fc
    .string()
    .filter(
      text => !/^\s*[=@+＝＠＋－\t-]/u.test(text) && !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text),
    )
  fc.assert(
    fc.property(fc.tuple(printed, printed), cells => {
      assert.deepEqual(parse(csvTable(table(cells))), [['a', 'b'], cells])
    }),
  )
  assert.deepEqual(parse(csvTable(table(['two\nlines', 'a "quote", a comma']))), [
    ['a', 'b'],
    ['two\nlines', 'a "quote", a comma'],
  ])
})

test('a cell that a spreadsheet would run is text, and a signed figure stays one', () => {
  assert.equal(csvTable(table(['=1+1', '+5.9 ± 1.4'])), "a,b\n'=1+1,+5.9 ± 1.4\n")
  assert.equal(csvTable(table(['@SUM(A1)', '-cmd'])), "a,b\n'@SUM(A1),'-cmd\n")
  for (const figure of ['-5', '+1.5', '-1.2e-7', '-50%', '+0.5 to +2.0', '-0.1 ± 0.2'])
    assert.equal(csvTable(table(['x', figure])), `a,b\nx,${figure}\n`)
  // A number at the front does not make the rest harmless, nor does a space or a wide sign.
  for (const formula of ["-2+3+cmd|' /C calc'!A0", '+1+SUM(A1)', '-5*A1', ' =1+1', '＝1+1', '-', '-x'])
    assert.equal(csvTable(table(['x', formula])), `a,b\nx,'${formula}\n`)
  assert.equal(csvTable(table(['x', 'a;=1+1'])), 'a,b\nx,"a;=1+1"\n')
})

test('numbers have separate columns in CSV, a missing one is empty, and text keeps its form', () => {
  const estimate: Table = {
    name: 't',
    title: 'T',
    header: ['arm', 'H-Acc', 'p'],
    rows: [
      { cells: ['a', percentCell({ n: 3, mean: 0.1 + 0.2, half: 0.445 }), pCell(0.0004)] },
      { cells: ['b', percentCell({ n: 2, mean: 0.5, half: 0.9 }), '–'] },
      { cells: ['c', '–', pCell(null)] },
    ],
  }
  assert.equal(csvTable(estimate), 'arm,H-Acc,H-Acc half width,p\na,30,44.5,0.0004\nb,50,,\nc,,,\n')
  assert.match(textTable(estimate), /a +30\.0 ± 44\.5 +< 0\.001/)
  assert.match(textTable(estimate), /b +50\.0 +–/)
})

test('text and Markdown show the same cells, and a cell cannot break its table', () => {
  assert.equal(textTable(table(['x', '12'])), 'T|x\n  a   b\n  x  12')
  assert.equal(markdownTable(table(['x|y', '<b>'])), '**T\\|x**\n\n| a | b |\n| --- | --- |\n| x\\|y | \\<b\\> |')
})
