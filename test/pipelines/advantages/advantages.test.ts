import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { advantages } from '../../../pipelines/advantages/advantages.js'
import { type Group, isDegenerate, type Sample } from '../../../pipelines/advantages/estimators/group.js'
import { type EstimatorName, estimatorNames } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'

// Made in float64 by PyTorch from the published formulas; the note inside says which mean, deviation and epsilon each uses.
const path = fileURLToPath(new URL('../../../../test/fixtures/advantages.json', import.meta.url))
const fixture: {
  correct: number[][]
  lengths: number[][]
  arms: Record<string, Record<string, number[][]>>
} = JSON.parse(readFileSync(path, 'utf8'))

const columns: Record<string, { name: EstimatorName; epsilon: number }> = {
  rloo: { name: 'rloo', epsilon: 1e-6 },
  'grpo_group_std_eps_1e-4': { name: 'grpo', epsilon: 1e-4 },
  'grpo_group_std_eps_1e-6': { name: 'grpo', epsilon: 1e-6 },
  dr_grpo: { name: 'dr-grpo', epsilon: 1e-6 },
  'grpo_batch_std_eps_1e-4': { name: 'batch-deviation', epsilon: 1e-4 },
  reinforce_pp_token_whitened: { name: 'reinforce++', epsilon: 1e-6 },
  reinforce_pp_baseline_token_whitened: { name: 'reinforce++-baseline', epsilon: 1e-6 },
  max_rl: { name: 'maxrl', epsilon: 1e-6 },
}

for (const [arm, golden] of Object.entries(fixture.arms)) {
  for (const [column, estimator] of Object.entries(columns)) {
    test(`${estimator.name} (epsilon ${estimator.epsilon}) gives the golden advantages of the ${arm} arm`, () => {
      const groups = (golden['rewards'] ?? []).map((rewards, row) =>
        rewards.map(
          (reward, sample): Sample => ({
            reward,
            length: fixture.lengths[row]?.[sample] ?? 0,
            verdict: fixture.correct[row]?.[sample] === 1 ? 'correct' : 'wrong',
          }),
        ),
      )
      const found = advantages({ estimator, groups }).flat()
      const expected = golden[column]?.flat() ?? []
      assert.equal(found.length, 30)
      for (const [index, value] of expected.entries()) {
        assert.ok(
          Math.abs((found[index] ?? Number.NaN) - value) < 1e-9,
          `sample ${index}: ${found[index]}, not ${value}`,
        )
      }
    })
  }
}

/** Groups of scored samples, each group with a scale in [1, 2]; some all right, some all wrong. */
const batches = fc.array(
  fc.record({
    scale: fc.double({ min: 1, max: 2, noNaN: true }),
    samples: fc.array(fc.record({ correct: fc.boolean(), length: fc.integer({ min: 1, max: 20 }) }), {
      minLength: 2,
      maxLength: 8,
    }),
  }),
  { minLength: 2, maxLength: 8 },
)
type Batch = typeof batches extends fc.Arbitrary<infer T> ? T : never

function groupsOf(batch: Batch, rewardOf: (scale: number, correct: boolean) => number): Group[] {
  return batch.map(({ scale, samples }) =>
    samples.map(({ correct, length }) => ({
      reward: rewardOf(scale, correct),
      length,
      verdict: correct ? 'correct' : 'wrong',
    })),
  )
}

const plain = (_scale: number, correct: boolean) => (correct ? 1 : 0)
const scaled = (scale: number, correct: boolean) => (correct ? scale : 0)

function run(name: EstimatorName, groups: readonly Group[], epsilon = 1e-12): number[][] {
  return advantages({ estimator: { name, epsilon }, groups })
}

function assertClose(found: readonly number[][], expected: readonly number[][], tolerance = 1e-7) {
  const flat = expected.flat()
  for (const [index, value] of found.flat().entries()) {
    assert.ok(
      Math.abs(value - (flat[index] ?? Number.NaN)) <= tolerance * (1 + Math.abs(value)),
      `${value}, ${flat[index]}`,
    )
  }
}

const groupNames = ['rloo', 'grpo', 'dr-grpo', 'batch-deviation', 'maxrl'] as const

test('adding a constant to every reward changes no advantage but those of MaxRL, which divides by the mean', () => {
  fc.assert(
    fc.property(batches, fc.double({ min: 0.5, max: 5, noNaN: true }), (batch, shift) => {
      const shifted = groupsOf(batch, (scale, correct) => scaled(scale, correct) + shift)
      for (const name of estimatorNames) {
        if (name !== 'maxrl') assertClose(run(name, shifted), run(name, groupsOf(batch, scaled)), 1e-6)
      }
    }),
  )
})

test('a per-prompt scale passes through RLOO and Dr. GRPO as a factor', () => {
  fc.assert(
    fc.property(batches, batch => {
      for (const name of ['rloo', 'dr-grpo'] as const) {
        const expected = run(name, groupsOf(batch, plain)).map((row, index) =>
          row.map(advantage => advantage * (batch[index]?.scale ?? 1)),
        )
        assertClose(run(name, groupsOf(batch, scaled)), expected)
      }
    }),
  )
})

test('a per-prompt scale is cancelled by GRPO and MaxRL', () => {
  fc.assert(
    fc.property(batches, batch => {
      for (const name of ['grpo', 'maxrl'] as const) {
        assertClose(run(name, groupsOf(batch, scaled)), run(name, groupsOf(batch, plain)))
      }
    }),
  )
})

test('a uniform scale is cancelled by every estimator that divides, and kept by RLOO and Dr. GRPO', () => {
  const uniform = (_scale: number, correct: boolean) => (correct ? 1.7 : 0)
  fc.assert(
    fc.property(batches, batch => {
      for (const name of estimatorNames) {
        const factor = name === 'rloo' || name === 'dr-grpo' ? 1.7 : 1
        const expected = run(name, groupsOf(batch, plain)).map(row => row.map(advantage => advantage * factor))
        assertClose(run(name, groupsOf(batch, uniform)), expected)
      }
    }),
  )
})

test('advantages sum to zero in each group, and over tokens where the batch is whitened', () => {
  fc.assert(
    fc.property(batches, batch => {
      const groups = groupsOf(batch, scaled)
      for (const name of groupNames) {
        for (const row of run(name, groups)) assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0)) < 1e-9)
      }
      for (const name of ['reinforce++', 'reinforce++-baseline'] as const) {
        const lengths = groups.flat().map(sample => sample.length)
        const total = run(name, groups)
          .flat()
          .reduce((sum, value, index) => sum + value * (lengths[index] ?? 0), 0)
        assert.ok(Math.abs(total) < 1e-6)
      }
    }),
  )
})

test('unscored samples get 0 and change nothing for the others', () => {
  fc.assert(
    fc.property(batches, fc.double({ min: -100, max: 100, noNaN: true }), (batch, stray) => {
      const groups = groupsOf(batch, scaled)
      const withStray = groups.map((group): Group => [{ reward: stray, length: 7, verdict: 'unscored' }, ...group])
      for (const name of estimatorNames) {
        const found = run(name, withStray)
        assert.ok(found.every(row => row[0] === 0))
        assertClose(
          found.map(row => row.slice(1)),
          run(name, groups),
          0,
        )
      }
    }),
  )
})

test('equal rewards give exactly 0 whatever the scale: no residue of a mean is divided by', () => {
  for (let scale = 1; scale <= 2; scale += 0.001) {
    for (const n of [5, 6, 7, 12]) {
      const group: Group = Array.from({ length: n }, () => ({ reward: scale, length: 3, verdict: 'correct' }))
      for (const name of estimatorNames) {
        assert.ok(
          run(name, [group, group], 1e-12)
            .flat()
            .every(advantage => advantage === 0),
          `${name} at ${scale}`,
        )
      }
    }
  }
})

test('advantages stay within the bounds of a 0 and 1 reward for every scale in [1, 2]', () => {
  for (let scale = 1; scale <= 2; scale += 0.001) {
    const group: Group = Array.from({ length: 8 }, (_, index) => ({
      reward: index === 0 ? 0 : scale,
      length: 3,
      verdict: index === 0 ? 'wrong' : 'correct',
    }))
    // 7 right, 1 wrong: (0 - 7/8) / std = -2.4749 for GRPO, and at most that in size for the rest but RLOO's -2 scale.
    for (const name of estimatorNames) {
      for (const advantage of run(name, [group], 1e-12).flat())
        assert.ok(Math.abs(advantage) < 2.7, `${name}: ${advantage}`)
    }
  }
})

test('a group of one scored sample has advantage 0 where the group is the baseline', () => {
  const one: Group = [{ reward: 1.5, length: 4, verdict: 'correct' }]
  const other: Group = [
    { reward: 1, length: 4, verdict: 'correct' },
    { reward: 0, length: 4, verdict: 'wrong' },
  ]
  for (const name of groupNames) assert.deepEqual(run(name, [one, other])[0], [0], name)
  // The token mean of the centred rewards is 0 here, for lengths are equal.
  assert.ok(Math.abs(run('reinforce++-baseline', [one, other])[0]?.[0] ?? 1) < 1e-12)
  assert.ok((run('reinforce++', [one, other])[0]?.[0] ?? 0) > 0)
})

test('a batch without a scored sample is all zeros', () => {
  const groups: Group[] = [[{ reward: 3, length: 2, verdict: 'unscored' }], []]
  for (const name of estimatorNames) assert.deepEqual(run(name, groups), [[0], []])
})

test('a degenerate group is told by its verdicts', () => {
  const sample = (verdict: Sample['verdict'], reward: number): Sample => ({ verdict, reward, length: 1 })
  assert.equal(isDegenerate([sample('correct', 1.3), sample('correct', 1.2)]), true)
  assert.equal(isDegenerate([sample('correct', 1.3), sample('unscored', 0)]), true)
  assert.equal(isDegenerate([sample('correct', 0), sample('wrong', 0)]), false)
})

test('MaxRL gives 0 where a penalty leaves the group no positive mean', () => {
  const group: Group = [
    { reward: 0.5, length: 1, verdict: 'correct' },
    { reward: -0.5, length: 1, verdict: 'wrong' },
  ]
  assert.deepEqual(run('maxrl', [group]), [[0, 0]])
})

test('a reward that is no number is an error that names its place', () => {
  const groups: Group[] = [[{ reward: Number.NaN, length: 1, verdict: 'wrong' }]]
  assert.throws(
    () => run('rloo', groups),
    (error: unknown) => error instanceof RlevError && error.kind === 'NotFinite' && error.message.includes('sample 0'),
  )
})
