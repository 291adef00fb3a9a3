import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { checkName, knownRun } from '../../../commands/runs/run-names.js'
import { experimentPlan } from '../plans.js'

test('a name is letters, digits, dot, dash and underscore, and never a path', () => {
  for (const name of ['a', 'quickstart-2', 'v7_alpha.10', '9']) assert.equal(checkName(name), name)
  for (const name of ['', '.', '..', '../x', 'a/b', 'a\\b', '-x', '.hidden', 'a b', 'a\n', '数学', 'x'.repeat(65)]) {
    assert.throws(() => checkName(name), /cannot be the name of a run/, JSON.stringify(name))
  }
})

test('an unknown run is an error that names those there are', () => {
  const home = mkdtempSync(join(tmpdir(), 'rlev-names-'))
  try {
    freezePlan(home, experimentPlan('smoke'), 'smoke.yaml')
    assert.equal(knownRun(home, 'smoke'), 'smoke')
    assert.throws(() => knownRun(home, 'smoky'), /expected: one of smoke\n.*found: {4}smoky\n.*did you mean smoke\?/s)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
