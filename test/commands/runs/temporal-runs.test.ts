import assert from 'node:assert/strict'
import { test } from 'node:test'
import { troubleOf } from '../../../commands/runs/workflow-facts.js'

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
