/** The bench's arguments and the tables that it prints. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RlevError } from '../../../pipelines/errors.js'
import { comparisonsOf, sharesOf } from '../../../scripts/bench/comparisons.js'
import { readOptions } from '../../../scripts/bench/options.js'
import type { Measured, SizeResult } from '../../../scripts/bench/rounds.js'
import { sizeOf, updateOperations } from '../../../scripts/bench/sizes.js'
import { markdownOf, tablesOf, textOf } from '../../../scripts/bench/table.js'

function refusal(...given: string[]): string {
  try {
    readOptions(given)
  } catch (error) {
    assert.ok(error instanceof RlevError)
    assert.equal(error.kind, 'CallInvalid')
    return error.message
  }
  throw new Error('not refused')
}

test('without arguments every size, measure and engine is measured, without peers', () => {
  const options = readOptions([])
  assert.deepEqual(
    options?.sizes.map(({ name }) => name),
    ['tiny', 'small', 'medium'],
  )
  assert.deepEqual(options?.only, ['generate', 'unequal', 'update', 'step', 'peak'])
  assert.equal(options?.files, true)
  assert.equal(options?.peer, null)
  assert.equal(options?.rounds, 5)
})

test('measures keep their order, whichever way they were named', () => {
  assert.deepEqual(readOptions(['--only', 'peak,generate'])?.only, ['generate', 'peak'])
  const { only, files } = readOptions(['--only', 'files']) ?? {}
  assert.deepEqual([only, files], [[], true])
})

test('what is not there is refused with what is', () => {
  assert.match(refusal('--sizes', 'small,huge'), /--sizes.*tiny, small, medium.*huge/s)
  assert.match(refusal('--only', 'speed'), /--only.*generate, unequal, update, step, peak, files.*speed/s)
  assert.match(refusal('--engines', 'fast'), /--engines.*eager/s)
  assert.match(refusal('--rounds', '0'), /--rounds.*at least 1/s)
  assert.match(refusal('--rounds', 'many'), /--rounds/)
  assert.match(refusal('--quick'), /--quick.*--help/s)
})

test('--help gives no options', () => assert.equal(readOptions(['--help']), null))

const round = (seconds: number, tokens: number) => ({ seconds, tokens })
const measured: Measured[] = [
  {
    candidate: 'rlev eager',
    measure: 'update',
    settings: {},
    firstCall: 2,
    rounds: [round(1, 1000), round(2, 1000), round(1, 1000)],
  },
  {
    candidate: 'rlev eager',
    measure: 'peak',
    settings: {},
    firstCall: null,
    rounds: [{ peak: { 512: 100, 1024: 80 } }, { peak: { 512: 120, 1024: 90 } }, { peak: { 512: 110, 1024: 70 } }],
  },
  {
    candidate: 'rlev recorded',
    measure: 'update',
    settings: {},
    firstCall: 5,
    rounds: [round(0.5, 1000), round(1, 1000), round(0.25, 1000)],
  },
]
const result: SizeResult = { size: sizeOf('small'), measured, versions: {} }

test('an engine is compared with the eager one, and an update with the peak of its own library', () => {
  assert.deepEqual(comparisonsOf(result), [
    {
      measure: 'update',
      candidate: 'rlev recorded',
      against: 'rlev eager',
      ratio: { median: 2, min: 2, max: 4 },
    },
  ])
  const [eager, recorded] = sharesOf(result)
  assert.equal(eager?.peak, 110)
  assert.equal(eager?.reached, updateOperations(sizeOf('small')) / 1e9)
  assert.equal(recorded?.reached, (2 * updateOperations(sizeOf('small'))) / 1e9)
})

test('tables hold medians and ratios, in text and in Markdown', () => {
  const tables = tablesOf([result])
  const speeds = tables.find(({ title }) => title.includes('medians'))
  assert.deepEqual(speeds?.rows, [['small: update, tokens/s', '1,000', '2,000']])
  const text = tables.map(textOf).join('\n')
  assert.match(text, /2\.00 \(2\.00 to 4\.00\)/)
  assert.match(text, /TensorFlow +110 +80/)
  assert.ok(speeds !== undefined)
  assert.deepEqual(markdownOf(speeds).split('\n').slice(2), [
    '|  | rlev eager | rlev recorded |',
    '| --- | ---: | ---: |',
    '| small: update, tokens/s | 1,000 | 2,000 |',
  ])
})
