import assert from 'node:assert/strict'
import { test } from 'node:test'
import { troubleText } from '../../../commands/runs/workflow-facts.js'

test('an attempt that was silent for too long is told with the key that allows it more time; another failure is not', () => {
  const silent = troubleText({ activity: 'answerItems', attempt: 2, reason: 'activity Heartbeat timeout' })
  assert.match(silent, /^attempt 2 of answerItems follows one that failed: activity Heartbeat timeout/)
  assert.ok(silent.includes('durability.heartbeatTimeout'))
  const full = troubleText({ activity: 'trainSteps', attempt: 3, reason: 'the disk is full' })
  assert.equal(full, 'attempt 3 of trainSteps follows one that failed: the disk is full')
})
