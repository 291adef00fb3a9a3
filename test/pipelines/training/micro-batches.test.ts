import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { microBatchesOf } from '../../../pipelines/training/micro-batches.js'

/** Columns of sequences padded to the longest prompt and the longest response. */
function paddedColumns(sequences: readonly { promptTokens: readonly number[]; tokens: readonly number[] }[]): number {
  const longest = (read: (sequence: (typeof sequences)[number]) => readonly number[]) =>
    sequences.reduce((max, sequence) => Math.max(max, read(sequence).length), 0)
  return longest(({ promptTokens }) => promptTokens) + longest(({ tokens }) => tokens)
}

const row = fc.record({
  promptTokens: fc.array(fc.nat(9), { maxLength: 12 }),
  tokens: fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }),
})
const limits = fc.record({
  microBatch: fc.integer({ min: 1, max: 9 }),
  tokenBudget: fc.option(fc.integer({ min: 1, max: 120 })),
  columns: fc.constant(paddedColumns),
})

test('every row is in one micro-batch, in order, and none is empty', () => {
  fc.assert(
    fc.property(fc.array(row), limits, (rows, limit) => {
      const batches = microBatchesOf(rows, limit)
      assert.deepEqual(batches.flat(), rows)
      assert.ok(batches.every(batch => batch.length > 0))
    }),
  )
})

test('no micro-batch exceeds a limit, unless it is a single row', () => {
  fc.assert(
    fc.property(fc.array(row), limits, (rows, limit) => {
      for (const batch of microBatchesOf(rows, limit)) {
        assert.ok(batch.length <= limit.microBatch)
        if (batch.length === 1 || limit.tokenBudget === null) continue
        assert.ok(batch.length * paddedColumns(batch) <= limit.tokenBudget)
      }
    }),
  )
})

test('a micro-batch ends only if the next row would exceed a limit, so equal input is cut equally', () => {
  fc.assert(
    fc.property(fc.array(row), limits, (rows, limit) => {
      const batches = microBatchesOf(rows, limit)
      assert.deepEqual(microBatchesOf(rows, limit), batches)
      for (const [index, batch] of batches.slice(0, -1).entries()) {
        const grown = [...batch, batches[index + 1]?.[0] as (typeof rows)[number]]
        const above = limit.tokenBudget !== null && grown.length * paddedColumns(grown) > limit.tokenBudget
        assert.ok(grown.length > limit.microBatch || above)
      }
    }),
  )
})

test('padding counts: beside one long row fit fewer short rows', () => {
  const short = { promptTokens: [1, 2], tokens: [3, 4] }
  const long = { promptTokens: [1, 2], tokens: [1, 2, 3, 4, 5, 6] }
  const sizes = (rows: (typeof short)[]) =>
    microBatchesOf(rows, { microBatch: 8, tokenBudget: 16, columns: paddedColumns }).map(batch => batch.length)
  assert.deepEqual(sizes([short, short, short, short]), [4])
  assert.deepEqual(sizes([short, short, long, short]), [2, 2])
})
