import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkpointDue, checkpointSteps } from '../../../pipelines/config/due-steps.js'
import { figureOf, stoppedEarly, stoppedSentence } from '../../../pipelines/config/early-stop.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'

/*
 * The evaluation after which training ends, as keras.callbacks.EarlyStopping decides it with mode 'max' and the first value as baseline:
 *
 *   def keras(values, patience, min_delta):
 *       best, wait = values[0], 0
 *       for i, v in enumerate(values[1:], 1):
 *           if v - min_delta > best: best, wait = v, 0
 *           else:
 *               wait += 1
 *               if wait >= patience: return i
 *       return None
 *   values = [20, 24, 23, 24, 25, 24.5, 25.25, 25.5, 25.4, 25.3, 25.2, 30]
 *   [[p, d, keras(values, p, d)] for p in (1, 2, 3, 4) for d in (0, 0.5, 1, 5)]
 */
const values = [20, 24, 23, 24, 25, 24.5, 25.25, 25.5, 25.4, 25.3, 25.2, 30]
const golden: readonly (readonly [patience: number, minChange: number, ends: number | null])[] = [
  ...([
    [1, 0, 2],
    [1, 0.5, 2],
    [1, 1, 2],
    [1, 5, 1],
  ] as const),
  ...([
    [2, 0, 3],
    [2, 0.5, 3],
    [2, 1, 3],
    [2, 5, 2],
  ] as const),
  ...([
    [3, 0, 10],
    [3, 0.5, 7],
    [3, 1, 4],
    [3, 5, 3],
  ] as const),
  ...([
    [4, 0, null],
    [4, 0.5, 8],
    [4, 1, 5],
    [4, 5, 4],
  ] as const),
]

const metric = 'expected-h-acc' as const
const measured = values.map((value, index) => ({ step: 10 * index, value: value / 100 }))

test('training ends after the evaluation that Keras would end it after', () => {
  for (const [patience, minChange, wanted] of golden) {
    const ends = measured.findIndex((_, index) => {
      return stoppedEarly({ metric, patience, minChange }, measured.slice(0, index + 1)) !== null
    })
    assert.equal(ends < 0 ? null : ends, wanted, `patience ${patience}, change ${minChange}`)
  }
})

test('what ended it is told: the best evaluation, and how many did not rise above it', () => {
  const stopped = stoppedEarly({ metric, patience: 3, minChange: 0 }, measured.slice(0, 11))
  assert.deepEqual(stopped, { step: 100, metric, best: { step: 70, value: 0.255 }, evaluations: 3 })
  assert.equal(
    stopped && stoppedSentence(stopped, 200),
    'ended early at step 100 of 200: expected-h-acc did not rise above 25.5 (step 70) in 3 evaluations',
  )
  assert.equal(stoppedEarly({ metric, patience: 1, minChange: 0 }, []), null)
  assert.equal(stoppedEarly({ metric, patience: 1, minChange: 0 }, measured.slice(0, 1)), null)
})

test('each metric is a figure of the evaluation', () => {
  const figures = { acc: 1, hAcc: 2, expectedAcc: 3, expectedHAcc: 4 }
  const metrics = ['acc', 'h-acc', 'expected-acc', 'expected-h-acc'] as const
  assert.deepEqual(
    metrics.map(name => figureOf(figures, name)),
    [1, 2, 3, 4],
  )
})

test('every step that may be the last one has a checkpoint', () => {
  const configOf = (earlyStop: object | null) =>
    experimentSchema.parse({
      name: 'a',
      steps: 20,
      evaluation: { every: 6, earlyStop },
      checkpoint: { everySteps: 10 },
    })
  assert.deepEqual(checkpointSteps(configOf(null)), [10, 20])
  assert.deepEqual(checkpointSteps(configOf({})), [6, 10, 12, 18, 20])
  assert.equal(checkpointDue(7, configOf({})), false)
})
