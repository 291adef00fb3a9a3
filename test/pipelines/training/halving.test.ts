import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RlevError } from '../../../pipelines/errors.js'
import { isOutOfMemory } from '../../../pipelines/graph/out-of-memory.js'
import { type Halved, withHalving } from '../../../pipelines/training/halving.js'

/** As TensorFlow's binding says it. */
const exhausted =
  'Session fail to run with error: 2 root error(s) found.\n  (0) RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[64,128,151936] and type float on /job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu'

/** A machine on which at most `room` rows fit. */
function machine(room: number) {
  const tried: number[] = []
  const said: Halved[] = []
  const run = async (microBatch: number) => {
    tried.push(microBatch)
    if (microBatch > room) throw new Error(exhausted)
    return 'done'
  }
  return { tried, said, run, saying: (halved: Halved) => said.push(halved) }
}

test('what fits is run once and nothing is said', async () => {
  const { run, tried, said, saying } = machine(8)
  assert.deepEqual(await withHalving({ first: 8, rows: 8, run, onFirstRetry: saying }), {
    result: 'done',
    microBatch: 8,
  })
  assert.deepEqual([tried, said], [[8], []])
})

test('what does not fit is halved until it does, and said once', async () => {
  const { run, tried, said, saying } = machine(3)
  assert.deepEqual(await withHalving({ first: 25, rows: 100, run, onFirstRetry: saying }), {
    result: 'done',
    microBatch: 3,
  })
  assert.deepEqual(tried, [25, 12, 6, 3])
  assert.deepEqual(said, [{ from: 25, to: 12 }])
})

test('where there are fewer rows than the limit, half of the rows is tried next', async () => {
  const { run, tried, said, saying } = machine(5)
  assert.deepEqual(await withHalving({ first: 128, rows: 10, run, onFirstRetry: saying }), {
    result: 'done',
    microBatch: 5,
  })
  assert.deepEqual(tried, [128, 5])
  assert.deepEqual(said, [{ from: 10, to: 5 }])
})

test('where one row does not fit the error says what to change', async () => {
  const { run, saying } = machine(0)
  await assert.rejects(withHalving({ first: 4, rows: 4, run, onFirstRetry: saying }), (error: unknown) => {
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

test('TensorFlow says in several ways that memory ran out', () => {
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
