/** The file of responses for checking by hand: what it says, its bounds, and that no text of a model or a data file can act. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import type { ItemOutcome } from '../../../pipelines/evaluation/evaluation.js'
import { maxCharacters, responsesCsv, responsesFiles } from '../../../pipelines/report/responses-file.js'
import { tinyConfig } from '../../workflows/tiny.js'

type Greedy = ItemOutcome['greedy']

function outcome(greedy: Greedy[], prompt = '1+1='): ExperimentOutcome {
  const items = greedy.map((_, index) => ({
    id: `i${index}`,
    section: 's',
    prompt,
    answer: '2',
    value: 0.25,
    weight: 1,
  }))
  const base = tinyConfig('told')
  return {
    name: 'told',
    arm: 'told',
    seed: 1,
    config: { ...base, reward: { ...base.reward, answer: 'boxed' } },
    evaluations: [],
    metrics: [],
    valueStatistics: null,
    state: 'done',
    items: { items, evaluations: [], responses: greedy },
  }
}

const said = (text: string, parts: Partial<Greedy> = {}): Greedy => ({ verdict: 'wrong', length: 3, text, ...parts })
const rowsOf = (one: ExperimentOutcome, maxBytes = 1e6) =>
  parse(responsesCsv(one, maxBytes), { columns: true }) as Record<string, string>[]

test('a row says whether the response was cut and what was read of it', () => {
  const rows = rowsOf(
    outcome([
      said('so \\boxed{2}', { verdict: 'correct', finish: 'stop' }),
      said('so \\boxed{2}', { finish: 'length' }),
      said('no box', { verdict: 'unscored', finish: 'stop' }),
      said('half \\boxed{1}', { credit: 0.5, finish: 'stop' }),
      said('of an older version'),
      said('at a stop \\boxed{3}', { finish: 'stop', stoppedBy: '\n' }),
    ]),
  )
  assert.deepEqual(
    rows.map(row => [row['id'], row['finish'], row['final answer'], row['verdict'], row['credit']]),
    [
      ['i0', 'end', '2', 'correct', '1'],
      ['i1', 'cut', '', 'wrong', '0'],
      ['i2', 'end', '', 'unscored', ''],
      ['i3', 'end', '1', 'wrong', '0.5'],
      ['i4', '', '', 'wrong', '0'],
      ['i5', 'stop', '3', 'wrong', '0'],
    ],
  )
})

test('no text can be a formula of a spreadsheet or steer a terminal', () => {
  const csv = responsesCsv(outcome([said('=HYPERLINK(1)\u001b[2J', { finish: 'stop' })], '@SUM(A1)\u202e'), 1e6)
  const [row] = parse(csv, { columns: true }) as Record<string, string>[]
  assert.equal(row?.['response'], "'=HYPERLINK(1)\\u001b[2J")
  assert.equal(row?.['prompt'], "'@SUM(A1)\\u202e")
  assert.ok(!csv.includes('\u001b') && !csv.includes('\u202e'))
})

test('texts and the file are bounded, and the file says what it lacks', () => {
  const long = outcome(Array.from({ length: 50 }, () => said('x'.repeat(10_000), { finish: 'stop' })))
  const all = rowsOf(long)
  assert.equal(all.length, 50)
  assert.ok((all[0]?.['response']?.length ?? 0) < maxCharacters + 40)
  assert.match(all[0]?.['response'] ?? '', /… \(6000 characters more\)$/)
  const csv = responsesCsv(long, 20_000)
  assert.ok(csv.length < 20_200)
  const last = csv.trimEnd().split('\n').at(-1) ?? ''
  const kept = csv.split('\n').filter(line => line.startsWith('i') && line !== 'id').length - 1
  assert.equal(last, `(${50 - kept} more items are left out: the file is full)`)
})

test('a sweep has a file for each experiment; one without its items has none', () => {
  const one = outcome([said('2')])
  const { items: _, ...without } = one
  assert.deepEqual(
    responsesFiles([one, { ...one, seed: 2 }, { ...without, seed: 3 }], { sweep: true }).map(([path]) => path),
    ['responses/told-seed-1.csv', 'responses/told-seed-2.csv'],
  )
  assert.deepEqual(
    responsesFiles([one], { sweep: false }).map(([path]) => path),
    ['responses.csv'],
  )
})
