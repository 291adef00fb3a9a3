import assert from 'node:assert/strict'
import { test } from 'node:test'
import { costsOf } from '../../../pipelines/comparison/costs.js'
import { constructedOutcome, constructedPlan, fourArms } from './constructed.js'

test('tokens, seconds of the stages and wall time are means over experiments; what was not timed is not guessed', () => {
  const plan = constructedPlan([1, 2])
  const [arm] = fourArms
  assert.ok(arm)
  const made = (seed: number) => {
    const outcome = constructedOutcome(plan, arm, seed)
    const metrics = [1, 2].map(step => ({
      step,
      time: 1000 * step,
      values: { 'length/mean': 4, 'perf/rollout_seconds': seed, 'perf/update_seconds': 0.5 },
    }))
    return { ...outcome, metrics, evaluationTimes: [0, 4000 + 1000 * seed] }
  }
  const { rollout } = made(1).config
  assert.deepEqual(costsOf([made(1), made(2)]), {
    experiments: 2,
    steps: 2,
    tokens: 2 * 4 * rollout.prompts * rollout.samples,
    rolloutSeconds: 3,
    updateSeconds: 1,
    wallSeconds: 4.5,
  })
  const { evaluationTimes: _times, ...untimed } = made(1)
  assert.equal(costsOf([untimed, made(2)])?.wallSeconds, null)
  assert.equal(costsOf([{ ...untimed, metrics: [] }]), null)
})
