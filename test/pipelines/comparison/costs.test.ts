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
    // Of the second step: 4 tokens a response in 1.5 and in 2.5 seconds.
    tokensPerSecond: ((4 / 1.5 + 4 / 2.5) / 2) * rollout.prompts * rollout.samples,
    wallSeconds: 4.5,
  })
  const { evaluationTimes: _times, ...untimed } = made(1)
  assert.equal(costsOf([untimed, made(2)])?.wallSeconds, null)
  assert.equal(costsOf([{ ...untimed, metrics: [] }]), null)
})

test('the speed of an arm does not depend on which arm built the graphs', () => {
  const plan = constructedPlan([1])
  const [arm] = fourArms
  assert.ok(arm)
  const made = (rolloutSeconds: readonly number[]) => {
    const metrics = rolloutSeconds.map((seconds, index) => ({
      step: index + 1,
      time: 1000 * index,
      values: { 'length/mean': 4, 'perf/rollout_seconds': seconds, 'perf/update_seconds': 0.5 },
    }))
    return { ...constructedOutcome(plan, arm, 1), metrics }
  }
  // The first arm of the worker: graphs in step 1, and those of longer prompts in step 3.
  const first = costsOf([made([60, 0.5, 20, 0.5, 0.5])])
  const second = costsOf([made([0.5, 0.5, 0.5, 0.5, 0.5])])
  assert.ok(first?.tokensPerSecond)
  assert.equal(first.tokensPerSecond, second?.tokensPerSecond)
  assert.equal(first.rolloutSeconds, 81.5)
  assert.equal(costsOf([made([60])])?.tokensPerSecond, null)
})
