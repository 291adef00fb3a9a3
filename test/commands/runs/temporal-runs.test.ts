import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPayloadConverter } from '@temporalio/client'
import { engineAwaited, progressOf, troubleOf } from '../../../commands/runs/workflow-facts.js'

const failing = (name: string, attempt: number) => ({
  pendingActivities: [{ activityType: { name }, attempt, lastFailure: { message: 'refused' } }],
})

test('an activity whose attempt failed is told, but not the first ones at an MLflow that may still start', () => {
  assert.deepEqual(troubleOf(failing('trainSteps', 2)), {
    trouble: 'attempt 2 of trainSteps follows one that failed: refused',
  })
  assert.deepEqual(troubleOf(failing('openTracking', 5)), {})
  assert.match(troubleOf(failing('openTracking', 6)).trouble ?? '', /^attempt 6 of openTracking/)
  assert.deepEqual(troubleOf({ pendingActivities: [] }), {})
})

test('a policy that waits for a worker of its engine is told after half a minute, with what can be done without one', () => {
  const waits = (name: string, state: number) => ({
    pendingActivities: [{ state, scheduledTime: { seconds: 1000 as never }, activityOptions: { taskQueue: { name } } }],
  })
  const ofEngine = 'rlev-gpu.11111111.0123456789ab.TensorFlow-2.21.0-on-the-processor-AMD-EPYC'
  assert.match(
    engineAwaited(waits(ofEngine, 1), 1_031_000).trouble ?? '',
    /computes on TensorFlow-2\.21\.0-on-the-processor-AMD-EPYC; .*rlev cancel.*rlev resume --allow-drift/,
  )
  assert.deepEqual(engineAwaited(waits(ofEngine, 1), 1_029_000), {})
  assert.deepEqual(engineAwaited(waits(ofEngine, 2), 1_031_000), {})
  assert.deepEqual(engineAwaited(waits('rlev-gpu.11111111.0123456789ab.machine.policy', 1), 1_031_000), {})
  for (const name of ['answerPieces', 'rollOutPieces']) {
    const piece = { activityType: { name }, state: 2 }
    const pending = [piece, ...waits(ofEngine, 1).pendingActivities]
    assert.deepEqual(engineAwaited({ pendingActivities: pending }, 1_031_000), {})
  }
})

test('the responses of all pieces under way are counted, and the progress of one activity is told as it is', () => {
  const beats = (name: string, details?: object) => ({
    activityType: { name },
    ...(details === undefined ? {} : { heartbeatDetails: { payloads: [defaultPayloadConverter.toPayload(details)] } }),
  })
  const told = (...pendingActivities: ReturnType<typeof beats>[]) => progressOf({ pendingActivities })
  assert.deepEqual(told(beats('answerPieces', { done: 8, of: 64 }), beats('answerPieces', { done: 16, of: 64 })), {
    inPieces: 24,
  })
  assert.deepEqual(told(beats('rollOutPieces', { done: 8, of: 64 })), { inPieces: 8 })
  assert.deepEqual(told(beats('answerPieces', { note: 'loading' })), {})
  assert.deepEqual(told(beats('trackProgress'), beats('answerItems', { done: 3, of: 9 })), {
    answered: { done: 3, of: 9 },
  })
})
