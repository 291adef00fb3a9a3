import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPlan } from '../../../activities/store/runs/runs.js'
import { freezePlan, isKnownPlan, planDifference } from '../../../commands/runs/frozen-plan.js'
import { RlevError } from '../../../pipelines/errors.js'
import { experimentPlan, sweepPlan } from '../plans.js'

function inHome(body: (home: string) => void): void {
  const home = mkdtempSync(join(tmpdir(), 'rlev-freeze-'))
  try {
    body(home)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

test('a plan that was kept is known again, whatever the warnings said that day', () => {
  inHome(home => {
    const plan = sweepPlan('exam')
    assert.equal(isKnownPlan(home, plan, 'exam.yaml'), false)
    freezePlan(home, plan, 'exam.yaml')
    assert.deepEqual(readPlan(home, 'exam'), plan)
    assert.equal(isKnownPlan(home, { ...plan, warnings: ['alpha has no effect'] }, 'exam.yaml'), true)
  })
})

test('a changed plan under an old name is refused with both values and the way out', () => {
  inHome(home => {
    freezePlan(home, experimentPlan('one'), 'one.yaml')
    const changed = experimentPlan('one', { update: { learningRate: 1e-3 }, steps: 5 })
    assert.throws(
      () => isKnownPlan(home, changed, 'one.yaml'),
      (error: unknown) => {
        assert.ok(error instanceof RlevError)
        assert.equal(error.kind, 'ConfigInvalid')
        assert.match(error.message, /^one\.yaml: the run one was started with another config/)
        assert.match(error.parts.expected ?? '', /config\.steps = 100, config\.update\.learningRate = 0\.00005, as in /)
        assert.match(error.parts.found ?? '', /config\.steps = 5, config\.update\.learningRate = 0\.001/)
        assert.match(error.parts.remedy ?? '', /--name/)
        return true
      },
    )
  })
})

test('the second of two commands at the same time is held to the plan of the first', () => {
  inHome(home => {
    freezePlan(home, experimentPlan('one'), 'one.yaml')
    freezePlan(home, experimentPlan('one'), 'one.yaml')
    assert.throws(() => freezePlan(home, experimentPlan('one', { seed: 2 }), 'one.yaml'), /config\.seed = 2/)
    assert.deepEqual(readPlan(home, 'one'), experimentPlan('one'))
  })
})

test('a sweep with more seeds is known, one with fewer or with another config beside them is not', () => {
  inHome(home => {
    const plan = sweepPlan('exam')
    const withSeeds = (seeds: readonly number[], from = plan) => ({
      ...from,
      settings: { ...from.settings, seeds: [...seeds] },
    })
    freezePlan(home, withSeeds([1, 2]), 'exam.yaml')
    assert.equal(isKnownPlan(home, withSeeds([1, 2, 7, 8]), 'exam.yaml'), true)
    assert.throws(
      () => isKnownPlan(home, withSeeds([1]), 'exam.yaml'),
      /settings\.seeds = \[1,2\][\s\S]*settings\.seeds = \[1\]/,
    )
    assert.throws(
      () => isKnownPlan(home, withSeeds([1, 2, 3], sweepPlan('exam', { steps: 7 })), 'exam.yaml'),
      /steps = 7/,
    )
  })
})

test('an arm that was added is named, not printed', () => {
  inHome(home => {
    const before = sweepPlan('exam')
    freezePlan(home, before, 'exam.yaml')
    const [correctness] = before.arms
    assert.ok(correctness !== undefined)
    const now = { ...before, arms: [...before.arms, { name: 'more', config: correctness.config }] }
    assert.throws(
      () => isKnownPlan(home, now, 'exam.yaml'),
      /expected: arms\.more = nothing, as in .*\n.*found: +arms\.more = an arm\n/,
    )
  })
})

test('arms are compared by name: one that was added, and one whose key changed', () => {
  const before = sweepPlan('exam')
  const [correctness] = before.arms
  assert.ok(correctness !== undefined)
  const now = { ...before, arms: [...before.arms, { name: 'more', config: correctness.config }] }
  assert.deepEqual(
    planDifference(before, now).map(({ path, a }) => [path, a]),
    [['arms.more', undefined]],
  )
  assert.deepEqual(
    planDifference(before, sweepPlan('exam', { steps: 7 })).map(({ path }) => path),
    ['arms.correctness.steps', 'arms.human-aligned.steps'],
  )
})
