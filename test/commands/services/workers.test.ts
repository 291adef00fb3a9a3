import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { readParts } from '../../../commands/services/project.js'
import { engineEnvironment, workerNames } from '../../../commands/services/workers.js'
import { RlevError } from '../../../pipelines/errors.js'

const variables = ['RLEV_POLICY_WORKERS', 'RLEV_WORKERS', 'RLEV_POLICY_THREADS', 'LD_LIBRARY_PATH'] as const
const before = variables.map(name => [name, process.env[name]] as const)
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

test('which kinds of workers are started is for RLEV_WORKERS to say, unless the call says it', () => {
  process.env['RLEV_POLICY_WORKERS'] = '1'
  for (const [value, names] of [
    ['none', []],
    ['0', []],
    ['orchestrator', ['orchestrator']],
    ['policy', ['policy']],
    ['all', ['orchestrator', 'policy']],
    ['', ['orchestrator', 'policy']],
  ] as const) {
    process.env['RLEV_WORKERS'] = value
    assert.deepEqual(workerNames(), names, value)
  }
  process.env['RLEV_WORKERS'] = 'none'
  assert.deepEqual(workerNames('policy'), ['policy'])
  process.env['RLEV_WORKERS'] = 'some'
  assert.throws(workerNames, /RLEV_WORKERS[\s\S]*all, orchestrator, policy, none, or 0[\s\S]*"some"/)
})

test('the process in which TensorFlow computes gets the threads that the environment states', () => {
  process.env['RLEV_POLICY_THREADS'] = '3'
  const { TF_NUM_INTRAOP_THREADS: threads } = engineEnvironment()
  assert.equal(threads, readParts().tensorflow?.kind === 'gpu' ? undefined : '3')
})

test('the process in which TensorFlow computes finds the libraries of the set-up first, which a card needs', () => {
  process.env['LD_LIBRARY_PATH'] = '/of/others'
  const folders = readParts().tensorflow?.libraryFolders ?? []
  const expected = folders.length === 0 ? undefined : [...folders, '/of/others'].join(':')
  assert.equal(engineEnvironment()['LD_LIBRARY_PATH'], expected)
})

test('one or two policy workers are started, as the environment says', () => {
  process.env['RLEV_POLICY_WORKERS'] = '1'
  assert.deepEqual(workerNames(), ['orchestrator', 'policy'])
  process.env['RLEV_POLICY_WORKERS'] = '2'
  assert.deepEqual(workerNames(), ['orchestrator', 'policy', 'policy-2'])
  process.env['RLEV_POLICY_WORKERS'] = '0'
  assert.deepEqual(workerNames(), ['orchestrator'])
})

test('any other number of policy workers is refused by name', () => {
  for (const value of ['3', 'two', '1.5', '-1', '1e0']) {
    process.env['RLEV_POLICY_WORKERS'] = value
    assert.throws(workerNames, (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, 'CallInvalid')
      assert.match(error.message, /RLEV_POLICY_WORKERS[\s\S]*from 0 to 2/)
      assert.ok(error.message.includes(JSON.stringify(value)))
      return true
    })
  }
})
