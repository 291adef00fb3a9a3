import assert from 'node:assert/strict'
import { test } from 'node:test'
import { file, refusal, sweep } from './config-files.js'

const listed = (lists: string, arms = 'arms: {plain: {reward: {scale: correctness}}}\n  ') =>
  `name: listed\nsweep:\n  baseline: plain\n  seeds: [1, 2]\n  ${arms}${lists}\n`

test('a grid makes an arm of every combination, named by what it sets, beside the arms with names', () => {
  const { arms, baseline } = named('grid: {reward.alpha: [1, 5], estimator.name: [rloo, dr-grpo]}')
  assert.equal(baseline, 'plain')
  assert.deepEqual(arms, [
    ['plain', 10, 'rloo'],
    ['alpha-1_name-rloo', 1, 'rloo'],
    ['alpha-1_name-dr-grpo', 1, 'dr-grpo'],
    ['alpha-5_name-rloo', 5, 'rloo'],
    ['alpha-5_name-dr-grpo', 5, 'dr-grpo'],
  ])
})

test('a zip takes its lists side by side, and every combination of a grid with each tuple', () => {
  const zip = 'zip: {reward.alpha: [1, 5], steps: [3, 4]}'
  assert.deepEqual(
    named(zip).arms.map(([name]) => name),
    ['plain', 'alpha-1_steps-3', 'alpha-5_steps-4'],
  )
  assert.deepEqual(
    named(`${zip}\n  grid: {estimator.name: [dr-grpo, batch-deviation]}`).arms.map(([name]) => name),
    [
      ...['plain', 'alpha-1_steps-3_name-dr-grpo', 'alpha-1_steps-3_name-batch-deviation'],
      ...['alpha-5_steps-4_name-dr-grpo', 'alpha-5_steps-4_name-batch-deviation'],
    ],
  )
})

test('a sweep may have listed arms only, one of them the baseline', () => {
  const text = 'name: alpha\nsweep: {baseline: alpha-1, seeds: [1, 2], grid: {reward.alpha: [1, 5]}}\n'
  const { plan } = { plan: sweep(file('only.yaml', text)) }
  assert.deepEqual(
    plan.arms.map(({ name }) => name),
    ['alpha-1', 'alpha-5'],
  )
  assert.ok(!('grid' in plan.settings))
})

test('keys that end in the same are told apart in the names', () => {
  const arms = named('grid: {estimator.name: [dr-grpo], rollout.samples: [4], evaluation.samples: [2]}').arms
  assert.deepEqual(arms.at(-1)?.[0], 'name-dr-grpo_rollout.samples-4_evaluation.samples-2')
})

test('what the lists get wrong is told with its place', () => {
  assert.match(
    refusal(listed('zip: {reward.alpha: [1, 5], steps: [3]}')),
    /config\.yaml:6:39: sweep\.zip has lists of different lengths\n.*2 values of steps, as many as of reward\.alpha/,
  )
  assert.match(
    refusal(listed('grid: {steps: [3]}\n  zip: {steps: [4]}')),
    /config\.yaml:6:18: steps is listed in sweep\.grid and in sweep\.zip/,
  )
  assert.match(refusal(listed('grid: {steps: [3, 3]}')), /config\.yaml:6:21: the lists make the arm steps-3 twice/)
  assert.match(refusal(listed('grid: {steps: []}')), /sweep\.grid\.steps cannot be \[\]/)
  assert.match(refusal(listed('grid: {steps: 3}')), /sweep\.grid\.steps cannot be 3/)
  assert.match(refusal(listed('grid: {seed: [3]}')), /an arm cannot set seed: the seeds are those of sweep\.seeds/)
  assert.match(refusal(listed('grid: {reward.alfa: [3]}')), /unknown key reward\.alfa[\s\S]*did you mean alpha\?/)
  assert.match(refusal(listed('grid: {reward.alpha: [0]}')), /config\.yaml:6:25: reward\.alpha cannot be 0/)
  assert.match(
    refusal(listed('grid: {steps: [3]}', 'arms: {plain: {reward: {scale: correctness}}, steps-3: {steps: 3}}\n  ')),
    /sweep\.arms has an arm steps-3 already/,
  )
  assert.match(refusal(listed('grid: {data.train: [a/b.jsonl]}')), /train-a\/b\.jsonl cannot be the name of an arm/)
})

test('a listed arm that equals a named one is refused because it would be the same experiment', () => {
  assert.match(
    refusal(listed('grid: {reward.scale: [correctness]}')),
    /the arms plain and scale-correctness have the same config/,
  )
})

function named(lists: string): { baseline: string; arms: [string, number, string][] } {
  const { arms, settings } = sweep(file('listed.yaml', listed(lists)))
  return {
    baseline: settings.baseline,
    arms: arms.map(({ name, config }) => [name, config.reward.alpha, config.estimator.name]),
  }
}
