import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alphaLadders, noiseLadders } from '../../../pipelines/comparison/levels.js'
import { experimentSchema, type SweepPlan } from '../../../pipelines/config/schema.js'

function arms(configs: Record<string, object>): Pick<SweepPlan, 'arms'> {
  return {
    arms: Object.entries(configs).map(([name, config]) => ({
      name,
      config: experimentSchema.parse({ name: 's', ...config }),
    })),
  }
}

const levels = (ladders: ReturnType<typeof alphaLadders>) =>
  ladders.map(({ name, levels: own }) => [name, own.map(({ arm, level }) => `${arm} ${level}`)])

test('arms that differ in alpha alone are a ladder from low to high; another difference keeps an arm out', () => {
  const plan = arms({
    correctness: { reward: { scale: 'correctness' } },
    steep: { reward: { alpha: 20 } },
    usual: {},
    flat: { reward: { alpha: 1 } },
    other: { reward: { alpha: 5 }, steps: 7 },
  })
  assert.deepEqual(levels(alphaLadders(plan)), [['alpha', ['flat 1', 'usual 10', 'steep 20']]])
  assert.deepEqual(levels(noiseLadders(plan)), [])
})

test('noise has a ladder for each kind, from the true values up; shuffled values are all of them permuted', () => {
  const plan = arms({
    correctness: { reward: { scale: 'correctness' } },
    usual: {},
    shuffled: { value: { ablation: 'shuffled' } },
    half: { value: { ablation: 'permuted', noise: 0.5 } },
    loud: { value: { ablation: 'gaussian', noise: 2 } },
    coarse: { value: { ablation: 'rounded', noise: 2 } },
    fine: { value: { ablation: 'rounded', noise: 4 } },
  })
  assert.deepEqual(levels(noiseLadders(plan)), [
    ['noise-permuted', ['usual 0', 'half 0.5', 'shuffled 1']],
    ['noise-gaussian', ['usual 0', 'loud 2']],
    ['noise-rounded', ['coarse 2', 'fine 4']],
  ])
  assert.deepEqual(alphaLadders(plan), [])
})

test('two families of arms are two ladders', () => {
  const plan = arms({
    a1: { reward: { alpha: 1 } },
    a2: { reward: { alpha: 2 } },
    b1: { reward: { alpha: 1 }, steps: 7 },
    b2: { reward: { alpha: 2 }, steps: 7 },
  })
  assert.deepEqual(levels(alphaLadders(plan)), [
    ['alpha', ['a1 1', 'a2 2']],
    ['alpha-2', ['b1 1', 'b2 2']],
  ])
})
