/** The bench's arguments and the tables that it prints. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RlevError } from '../../../pipelines/errors.js'
import { candidatesFor } from '../../../scripts/bench/candidates/candidates.js'
import { comparisonsOf, sharesOf } from '../../../scripts/bench/comparisons.js'
import { limitOf } from '../../../scripts/bench/limit.js'
import type { Measured, SizeResult } from '../../../scripts/bench/measured.js'
import { readOptions } from '../../../scripts/bench/options.js'
import { sizeOf } from '../../../scripts/bench/sizes.js'
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
  assert.match(
    refusal('--only', 'speed'),
    /--only.*generate, unequal, update, step, peak, files, threads, tiny.*speed/s,
  )
  assert.match(refusal('--engines', 'fast'), /--engines.*eager/s)
  assert.match(refusal('--rounds', '0'), /--rounds.*at least 1/s)
  assert.match(refusal('--rounds', 'many'), /--rounds/)
  assert.match(refusal('--quick'), /--quick.*--help/s)
})

test('a size is measured by its name alone, and what takes long only if it is named', () => {
  const { sizes, only, files, threads } = readOptions(['--only', 'smollm2']) ?? {}
  assert.deepEqual(
    sizes?.map(({ name }) => name),
    ['smollm2'],
  )
  assert.deepEqual([only, files, threads], [['generate', 'unequal', 'update', 'step', 'peak'], false, false])
  assert.deepEqual(readOptions(['--only', 'smollm2,step'])?.only, ['step'])
  const table = readOptions(['--only', 'threads'])
  assert.deepEqual([table?.only, table?.threads, table?.rounds], [[], true, 1])
})

test('one candidate at a time has the recorded engines with all threads, and peers in the types that are named', () => {
  const namesOf = (...given: string[]) => {
    const options = readOptions(given)
    const [size] = options?.sizes ?? []
    if (options === null || size === undefined) throw new Error('no size')
    return candidatesFor(options, size).map(({ name, measures }) => `${name}: ${measures.join()}`)
  }
  assert.deepEqual(namesOf('--only', 'smollm2,step', '--peer', 'python', '--peer-matrices', 'float32,bfloat16'), [
    'rlev recorded: step',
    'rlev recorded-bfloat16: step',
    'TRL: step',
    'TRL bfloat16: step',
  ])
  assert.deepEqual(namesOf('--only', 'peak', '--sizes', 'small', '--peer', 'python'), [
    'TensorFlow: peak',
    'PyTorch: peak',
  ])
})

test('--help gives no options', () => assert.equal(readOptions(['--help']), null))

const round = (seconds: number, tokens: number) => ({ seconds, tokens })
const measured: Measured[] = [
  {
    candidate: 'rlev eager',
    measure: 'update',
    settings: {},
    firstCall: 2,
    peakBytes: null,
    rounds: [round(1, 1000), round(2, 1000), round(1, 1000)],
  },
  {
    candidate: 'TensorFlow',
    measure: 'peak',
    settings: {},
    firstCall: null,
    peakBytes: null,
    rounds: [
      { peak: { float32: { 512: 100, 1024: 80 }, bfloat16: { 512: 200, 1024: 210 }, memory: 20 } },
      { peak: { float32: { 512: 120, 1024: 90 }, bfloat16: { 512: 200, 1024: 210 }, memory: 30 } },
      { peak: { float32: { 512: 110, 1024: 70 }, bfloat16: { 512: 200, 1024: 210 }, memory: 10 } },
    ],
  },
  {
    candidate: 'rlev recorded',
    measure: 'update',
    settings: {},
    firstCall: 5,
    peakBytes: null,
    rounds: [round(0.5, 1000), round(1, 1000), round(0.25, 1000)],
  },
]
const result: SizeResult = { size: sizeOf('small'), measured, versions: {}, failed: {} }

test('an engine is compared with the eager one, and each measure with the limit of the machine', () => {
  assert.deepEqual(comparisonsOf(result), [
    {
      measure: 'update',
      candidate: 'rlev recorded',
      against: 'rlev eager',
      ratio: { median: 2, min: 2, max: 4 },
    },
  ])
  const peaks = { float32: { 512: 110 }, bfloat16: { 1024: 210 }, memory: 20 }
  const limit = limitOf({ measure: 'update', size: sizeOf('small'), precision: 'float32', peaks })
  assert.deepEqual(sharesOf(result), [
    { measure: 'update', candidate: 'rlev eager', limit, share: limit.seconds },
    { measure: 'update', candidate: 'rlev recorded', limit, share: 2 * limit.seconds },
  ])
})

test('the limit is that of the products or of the memory, whichever takes longer', () => {
  const of = (measure: 'generate' | 'update' | 'step', memory: number, precision: 'float32' | 'bfloat16' = 'float32') =>
    limitOf({
      ...{ measure, size: sizeOf('smollm2'), precision },
      peaks: { float32: { 512: 300 }, bfloat16: { 512: 600 }, memory },
    })
  assert.equal(of('update', 20).by, 'products')
  assert.equal(of('generate', 1).by, 'memory')
  assert.equal(of('generate', 1).seconds, 2 * of('generate', 2).seconds)
  assert.equal(of('generate', 1, 'bfloat16').seconds, of('generate', 2).seconds)
  assert.equal(of('update', 1e9, 'bfloat16').seconds, of('update', 1e9).seconds / 2)
  // 8 prompts of 83 tokens with 64 responses of 8.
  assert.ok(of('step', 1e9).seconds < of('generate', 1e9).seconds + of('update', 1e9).seconds)
})

test('tables hold medians and ratios, in text and in Markdown', () => {
  const tables = tablesOf([result])
  const speeds = tables.find(({ title }) => title.includes('medians'))
  assert.deepEqual(speeds?.rows, [['small: update, tokens/s', '1,000', '2,000']])
  const text = tables.map(textOf).join('\n')
  assert.match(text, /2\.00 \(2\.00 to 4\.00\)/)
  assert.match(text, /TensorFlow +110 +80 +200 +210 +20/)
  assert.ok(speeds !== undefined)
  assert.deepEqual(markdownOf(speeds).split('\n').slice(2), [
    '|  | rlev eager | rlev recorded |',
    '| --- | ---: | ---: |',
    '| small: update, tokens/s | 1,000 | 2,000 |',
  ])
})
