/** A config or code that has changed since a run began: what is refused, what is taken over, and what is then said of it. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Code, codeOfThisProcess } from '../../../activities/machine/code.js'
import { writeWhole } from '../../../activities/store/files.js'
import { readOutcomes } from '../../../activities/store/runs/outcomes.js'
import {
  addDrift,
  beginProvenance,
  claimEngine,
  driftsOf,
  originalKey,
  readProvenance,
} from '../../../activities/store/runs/provenance.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepConfig, readConfig, readPlan } from '../../../activities/store/runs/runs.js'
import { seal } from '../../../activities/store/sealed.js'
import { settleDrift } from '../../../commands/runs/drift.js'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { lookAtRun } from '../../../commands/runs/run-status.js'
import type { RunState, RunView } from '../../../commands/runs/run-view.js'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import { experimentKey } from '../../../pipelines/config/digest.js'
import type { Plan } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'
import { experimentConfig, experimentPlan, sweepPlan } from '../plans.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-drift-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const otherCode: Code = {
  digest: 'a'.repeat(64),
  files: { ...codeOfThisProcess().files, 'pipelines/training/loss.js': '0' },
}

/** The run has begun by `code`, came to step 40 with a checkpoint at 20, and was cancelled. */
function begun(plan: Plan, code = codeOfThisProcess()): void {
  freezePlan(home, plan, 'a.yaml')
  beginProvenance(home, plan.name, code)
  const configs: [string, Plan & { kind: 'experiment' }][] =
    plan.kind === 'experiment'
      ? [[plan.name, plan]]
      : plan.arms.map(({ name, config }) => [
          `${plan.name}/${name}/seed-1`,
          { kind: 'experiment', name, config: { ...config, seed: 1 }, warnings: [] },
        ])
  for (const [id, { config }] of configs) {
    keepConfig(home, id, config)
    mkdirSync(join(experimentPaths.checkpoints(runFolder(home, id)), 'step-000020'), { recursive: true })
  }
}

async function viewed(name: string, state: RunState = 'cancelled'): Promise<RunView> {
  const view = await lookAtRun({ path: home }, name)
  return { ...view, state, experiments: view.experiments.map(one => ({ ...one, step: 40, state })) }
}

/** What is refused, and in which words. */
async function refused(plan: Plan | undefined, view: RunView, { allowed = true } = {}): Promise<RlevError> {
  const before = readPlan(home, view.name)
  try {
    settleDrift({ home: { path: home }, view, allowed, ...(plan === undefined ? {} : { plan }) })
  } catch (error) {
    assert.ok(error instanceof RlevError, String(error))
    assert.deepEqual(readPlan(home, view.name), before, 'nothing is taken over')
    assert.deepEqual(readProvenance(home, view.name)?.drifts, [])
    return error
  }
  return assert.fail('it was not refused')
}

describe('other code than the run began with', () => {
  it('is refused with the files that differ and the way out, whatever the run is at', async () => {
    begun(experimentPlan('one'), otherCode)
    for (const state of ['cancelled', 'failed', 'stopped', 'paused', 'running', 'waiting'] as const) {
      const error = await refused(undefined, await viewed('one', state), { allowed: false })
      assert.equal(error.kind, 'Drift')
      assert.match(error.message, /pipelines\/training\/loss\.js changed[\s\S]*rlev resume one --allow-drift/)
    }
  })

  it('is noted once when it is allowed, with the step from which it computes', async () => {
    begun(experimentPlan('one'), otherCode)
    settleDrift({ home: { path: home }, view: await viewed('one'), allowed: true })
    settleDrift({ home: { path: home }, view: await viewed('one'), allowed: false })
    const { drifts, code } = readProvenance(home, 'one') ?? {}
    assert.equal(code?.digest, codeOfThisProcess().digest)
    assert.equal(drifts?.length, 1)
    assert.deepEqual(drifts?.[0]?.experiments, { one: { step: 20 } })
    assert.match(driftsOf(home, 'one').join(), /^from step 20 on: /)
  })

  it('another engine is allowed with it, and noted only if another one goes on', async () => {
    begun(experimentPlan('one'))
    claimEngine(home, 'one', 'TensorFlow 2.20; AMD')
    settleDrift({ home: { path: home }, view: await viewed('one', 'running'), allowed: true })
    assert.equal(readProvenance(home, 'one')?.engine, 'TensorFlow 2.20; AMD')
    settleDrift({ home: { path: home }, view: await viewed('one'), allowed: true })
    claimEngine(home, 'one', 'TensorFlow 2.20; AMD')
    assert.deepEqual(driftsOf(home, 'one'), [])
    settleDrift({ home: { path: home }, view: await viewed('one'), allowed: true })
    claimEngine(home, 'one', 'TensorFlow 2.20; Intel')
    assert.deepEqual(driftsOf(home, 'one'), [
      'from step 20 on: the policy computes on TensorFlow 2.20; Intel (before: TensorFlow 2.20; AMD)',
    ])
  })

  it('is in the notes of the comparison', async () => {
    const plan = experimentPlan('one')
    begun(plan)
    const drift = { time: 1, changes: ['loss.js changed'], experiments: { one: { step: 20 } } }
    addDrift({ home, id: 'one', code: codeOfThisProcess(), drift })
    const { notes } = compareArms({ plan, outcomes: readOutcomes(home, 'one') })
    assert.ok(
      notes.includes('one went on with changed code or config, from step 20 on: loss.js changed.'),
      notes.join('\n'),
    )
  })
})

describe('another config', () => {
  it('is taken over when it is allowed, the difference noted, and files go on to carry the first key', async () => {
    const plan = experimentPlan('one')
    begun(plan)
    const changed = experimentPlan('one', { update: { learningRate: 2e-3 } })
    settleDrift({ home: { path: home }, view: await viewed('one'), plan: changed, allowed: true })
    assert.deepEqual(readPlan(home, 'one'), changed)
    assert.equal(readConfig(home, 'one').update.learningRate, 2e-3)
    assert.deepEqual(driftsOf(home, 'one'), ['from step 20 on: config.update.learningRate = 0.002 (before: 0.00005)'])
    const again = experimentPlan('one', { update: { learningRate: 3e-3 } })
    settleDrift({ home: { path: home }, view: await viewed('one'), plan: again, allowed: true })
    assert.equal(driftsOf(home, 'one').length, 2)
    assert.equal(
      originalKey(home, 'one', readConfig(home, 'one')),
      experimentKey(plan.kind === 'experiment' ? plan.config : experimentConfig('none')),
    )
  })

  it('that changes no result is taken over unasked, and nothing is noted', async () => {
    begun(experimentPlan('one'))
    const cut = experimentPlan('one', { durability: { stepsPerActivity: 1 }, checkpoint: { keep: 9 } })
    settleDrift({ home: { path: home }, view: await viewed('one'), plan: cut, allowed: false })
    assert.deepEqual(readPlan(home, 'one'), cut)
    assert.deepEqual(driftsOf(home, 'one'), [])
  })

  it('waits for the next start where a workflow is at work, if it changes no result, and is refused otherwise', async () => {
    const plan = experimentPlan('one')
    begun(plan)
    const cut = experimentPlan('one', { durability: { stepsPerActivity: 1 } })
    settleDrift({ home: { path: home }, view: await viewed('one', 'running'), plan: cut, allowed: false })
    assert.deepEqual(readPlan(home, 'one'), plan)
    const changed = experimentPlan('one', { update: { learningRate: 2e-3 } })
    for (const state of ['running', 'paused', 'waiting'] as const)
      assert.match((await refused(changed, await viewed('one', state))).message, /with another config[\s\S]*cancel one/)
  })

  it('is refused even if allowed in what the steps so far rest on', async () => {
    begun(experimentPlan('one'))
    const changes = [
      { seed: 2 },
      { warmStart: { steps: 3 } },
      { rollout: { samples: 2 } },
      { kl: { place: 'loss' } },
      { update: { optimizer: 'sgd' } },
      { evaluation: { every: 5 } },
      { policy: { from: 'scratch', width: 32 } },
      { steps: 39 },
    ]
    for (const change of changes) {
      const error = await refused(experimentPlan('one', change), await viewed('one'))
      assert.equal(error.kind, 'ConfigInvalid', JSON.stringify(change))
      assert.match(error.message, /cannot change|at step 40 already/)
    }
  })

  it('of an arm that is complete, or that is taken out after it began, is refused; of one that has not begun it is not', async () => {
    const plan = sweepPlan('exam')
    begun(plan)
    const view = await viewed('exam')
    const ofArms = (parts: readonly Record<string, unknown>[]): Plan => ({
      ...plan,
      arms: plan.arms.map((arm, index) => ({ ...arm, config: { ...arm.config, ...parts[index] } })),
    })
    const done: RunView = {
      ...view,
      experiments: view.experiments.map(one => (one.arm === 'correctness' ? { ...one, state: 'done' } : one)),
    }
    writeWhole(experimentPaths.result(runFolder(home, 'exam/correctness/seed-1')), seal({ state: 'done', step: 100 }))
    const longer = (await refused(ofArms([{ steps: 200 }]), done)).message
    assert.match(longer, /exam\/correctness\/seed-1: .*is complete/)
    // What can be done instead.
    assert.match(longer, /extend exam --steps 200\b.* trains its further steps/)
    const fewer: Plan = { ...plan, arms: plan.arms.slice(0, 1), settings: { ...plan.settings } }
    assert.match((await refused(fewer, view)).message, /exam\/human-aligned\/seed-1: .*is not in the plan/)

    const seeded: Plan = { ...plan, settings: { ...plan.settings, seeds: [1, 2] } }
    settleDrift({ home: { path: home }, view: done, plan: seeded, allowed: true })
    assert.deepEqual(readPlan(home, 'exam'), seeded)
    assert.ok(!existsSync(experimentPaths.config(runFolder(home, 'exam/correctness/seed-2'))))
    assert.deepEqual(driftsOf(home, 'exam/correctness/seed-1'), [])
    assert.deepEqual(driftsOf(home, 'exam/human-aligned/seed-1'), [
      'from step 20 on: settings.seeds = [1,2] (before: [1,2,3])',
    ])
  })
})
