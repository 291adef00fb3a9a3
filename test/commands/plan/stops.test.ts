import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopFindings } from '../../../commands/plan/stops.js'
import { experimentSchema, type Plan } from '../../../pipelines/config/schema.js'

const data = { train: [], test: [] } as never
const planOf = (rollout: object, policy: object = {}): Plan => ({
  kind: 'experiment',
  name: 'a',
  config: experimentSchema.parse({ name: 'a', rollout, policy: { from: 'scratch', ...policy } }),
  warnings: [],
})
const checkpoint = { from: 'checkpoint', path: 'test/fixtures/qwen2-tiny' }

test('a stop that is a token of the policy passes; one that ends every response, or cannot be written, is warned about', () => {
  assert.deepEqual(stopFindings(planOf({}), data), [])
  assert.deepEqual(stopFindings(planOf({ stop: { strings: ['#1'], tokens: ['#'] } }), data), [])
  assert.deepEqual(stopFindings(planOf({ stop: { strings: ['é'], tokens: ['\n'] } }, checkpoint), data), [])
  const [ends] = stopFindings(planOf({ stop: { tokens: ['<eos>'] } }), data)
  assert.match(ends?.sentence ?? '', /^a: rollout\.stop\.tokens "<eos>" has no effect/)
  const [lost] = stopFindings(planOf({ stop: { strings: ['é'] } }), data)
  assert.match(lost?.sentence ?? '', /"é" may never be found/)
})

test('a stop token of several tokens, or of none, is refused', () => {
  for (const tokens of [['#1'], ['é'], [5000]]) {
    assert.throws(() => stopFindings(planOf({ stop: { tokens } }), data), { kind: 'ConfigInvalid' })
  }
})
