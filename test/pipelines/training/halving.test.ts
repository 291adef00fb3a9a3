import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RlevError } from '../../../pipelines/errors.js'
import { isOutOfMemory } from '../../../pipelines/graph/out-of-memory.js'
import { type Halved, withHalving } from '../../../pipelines/training/halving.js'

/** An error as TensorFlow's binding throws it. */
const exhausted =
  'Session fail to run with error: 2 root error(s) found.\n  (0) RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[64,128,151936] and type float on /job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu'

/** A machine whose memory fits at most `room` rows. */
function machine(room: number) {
  const tried: number[] = []
  const reported: Halved[] = []
  const run = async (microBatch: number) => {
    tried.push(microBatch)
    if (microBatch > room) throw new Error(exhausted)
    return 'done'
  }
  return { tried, reported, run, report: (halved: Halved) => reported.push(halved) }
}

test('an update that fits runs once, without a report', async () => {
  const { run, tried, reported, report } = machine(8)
  assert.deepEqual(await withHalving({ first: 8, rows: 8, run, onFirstRetry: report }), {
    result: 'done',
    microBatch: 8,
  })
  assert.deepEqual([tried, reported], [[8], []])
})

test('an update that does not fit is halved until it does, and reported once', async () => {
  const { run, tried, reported, report } = machine(3)
  assert.deepEqual(await withHalving({ first: 25, rows: 100, run, onFirstRetry: report }), {
    result: 'done',
    microBatch: 3,
  })
  assert.deepEqual(tried, [25, 12, 6, 3])
  assert.deepEqual(reported, [{ from: 25, to: 12 }])
})

test('if there are fewer rows than the limit, half of the rows is tried next', async () => {
  const { run, tried, reported, report } = machine(5)
  assert.deepEqual(await withHalving({ first: 128, rows: 10, run, onFirstRetry: report }), {
    result: 'done',
    microBatch: 5,
  })
  assert.deepEqual(tried, [128, 5])
  assert.deepEqual(reported, [{ from: 10, to: 5 }])
})

test('if one row does not fit, the error names what to change', async () => {
  const { run, report } = machine(0)
  await assert.rejects(withHalving({ first: 4, rows: 4, run, onFirstRetry: report }), (error: unknown) => {
    assert.ok(error instanceof RlevError)
    assert.equal(error.kind, 'OutOfMemory')
    assert.match(error.message, /gradientCheckpointing/)
    return true
  })
})

test('other errors pass on at once', async () => {
  let calls = 0
  const run = async () => {
    calls++
    throw new RangeError('an update needs responses')
  }
  await assert.rejects(withHalving({ first: 4, rows: 4, run, onFirstRetry: () => {} }), RangeError)
  assert.equal(calls, 1)
})

test('several errors of TensorFlow mean that memory ran out', () => {
  for (const message of [
    exhausted,
    'std::bad_alloc',
    'ResourceExhaustedError: failed',
    'failed to allocate memory',
    'Array buffer allocation failed',
  ]) {
    assert.ok(isOutOfMemory(new Error(message)), message)
    assert.ok(isOutOfMemory(new Error('the step failed', { cause: new Error(message) })))
  }
  assert.ok(!isOutOfMemory(new Error('Invalid TF_Status: 3\nMessage: Incompatible shapes: [2,3] vs. [3,2]')))
  assert.ok(!isOutOfMemory(undefined))
})
