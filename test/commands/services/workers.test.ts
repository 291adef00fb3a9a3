import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { workerNames } from '../../../commands/services/workers.js'
import { RlevError } from '../../../pipelines/errors.js'

const before = process.env['RLEV_POLICY_WORKERS']
afterEach(() => {
  if (before === undefined) delete process.env['RLEV_POLICY_WORKERS']
  else process.env['RLEV_POLICY_WORKERS'] = before
})

test('one or two policy workers are started, as the environment says', () => {
  process.env['RLEV_POLICY_WORKERS'] = '1'
  assert.deepEqual(workerNames(), ['orchestrator', 'policy'])
  process.env['RLEV_POLICY_WORKERS'] = '2'
  assert.deepEqual(workerNames(), ['orchestrator', 'policy', 'policy-2'])
})

test('any other number of policy workers is refused by name', () => {
  for (const value of ['0', '3', 'two', '1.5', '-1', '1e0']) {
    process.env['RLEV_POLICY_WORKERS'] = value
    assert.throws(workerNames, (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, 'CallInvalid')
      assert.match(error.message, /RLEV_POLICY_WORKERS[\s\S]*from 1 to 2/)
      assert.ok(error.message.includes(JSON.stringify(value)))
      return true
    })
  }
})
