/** Which code and engine compute a run: noted when it begins, compared by every stage that computes, and changed only when allowed. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ApplicationFailure } from '@temporalio/common'
import { gpuActivities } from '../../../../activities/gpu-activities.js'
import { ioActivities } from '../../../../activities/io-activities.js'
import { type Code, codeDifference, codeOf, codeOfThisProcess } from '../../../../activities/machine/code.js'
import {
  addDrift,
  beginProvenance,
  claimEngine,
  driftsOf,
  originalKey,
  readProvenance,
} from '../../../../activities/store/runs/provenance.js'
import { trackingKey } from '../../../../activities/tracking/subject.js'
import { PolicyCache } from '../../../../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../../../../activities/workplace.js'
import { experimentKey } from '../../../../pipelines/config/digest.js'
import { tinyConfig } from '../../../workflows/tiny.js'
import { prepare, runStage } from '../../driver.js'

let place: Workplace
beforeEach(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-provenance-')))
})
afterEach(() => rmSync(place.home, { recursive: true, force: true }))

/** A build in which one file is another. */
const edited: Code = {
  digest: 'e'.repeat(64),
  files: { ...codeOfThisProcess().files, 'pipelines/training/loss.js': 'edited' },
}
const config = tinyConfig('run', { warmStart: { steps: 2, warmup: 0, finalSteps: 0 } })
const id = 'run'

describe('the identity of code', () => {
  it('is of what computes: scripts of pipelines, activities and workflows, and the versions of packages', () => {
    const { files } = codeOfThisProcess()
    for (const name of [
      'pipelines/training/loss.js',
      'activities/training/training.js',
      'workflows/experiment.js',
      'package-lock.json',
    ])
      assert.match(files[name] ?? '', /^[0-9a-f]{16}$/, name)
    assert.deepEqual(
      Object.keys(files).filter(name => /^(commands|test|scripts(?!\/setup\/addon\/))|\.map$/.test(name)),
      [],
    )
  })

  it('changes with a file and says which', () => {
    const tree = join(place.home, 'checkout', 'dist')
    for (const folder of ['pipelines/training', 'activities', 'workflows', 'commands'])
      mkdirSync(join(tree, folder), { recursive: true })
    writeFileSync(join(tree, 'pipelines', 'training', 'loss.js'), 'one')
    writeFileSync(join(tree, 'activities', 'io.js'), 'same')
    writeFileSync(join(tree, '..', 'package-lock.json'), '{}')
    const addon = join(tree, '..', 'scripts', 'setup', 'addon')
    mkdirSync(addon, { recursive: true })
    writeFileSync(join(addon, 'layer-passes.h'), 'one')
    const before = codeOf(tree)
    writeFileSync(join(addon, 'addon.mjs'), 'computes nothing')
    cpSync(join(tree, 'activities', 'io.js'), join(tree, 'commands', 'main.js'))
    assert.deepEqual(codeOf(tree), before)
    writeFileSync(join(tree, 'pipelines', 'training', 'loss.js'), 'two')
    writeFileSync(join(tree, 'workflows', 'new.js'), '')
    writeFileSync(join(addon, 'layer-passes.h'), 'two')
    rmSync(join(tree, '..', 'package-lock.json'))
    const now = codeOf(tree)
    assert.notEqual(now.digest, before.digest)
    assert.deepEqual(codeDifference(before, now), [
      'package-lock.json is gone',
      'pipelines/training/loss.js changed',
      'scripts/setup/addon/layer-passes.h changed',
      'workflows/new.js is new',
    ])
  })
})

describe('a run', () => {
  it('is refused by every stage that computes, on a worker with other code, with the files and the way out', async () => {
    const stages = await prepare(place, config)
    const other: Workplace = { ...place, code: edited }
    const io = ioActivities(other)
    const policies = new PolicyCache(place.store)
    const gpu = gpuActivities(other, policies)
    const calls = [
      runStage(io.freezeRun, { experiment: { id, config } }),
      runStage(io.prepareData, { run: id }),
      runStage(io.normalizeValues, { run: id, data: stages.data }),
      runStage(io.ablateValues, { run: id, values: stages.values }),
      runStage(io.scaleRewards, { run: id, stages, step: 1 }),
      runStage(gpu.warmStart, { run: id, data: stages.data }),
      runStage(gpu.rollOut, { run: id, stages, step: 1 }),
      runStage(gpu.updatePolicy, { run: id, stages, step: 1 }),
      runStage(gpu.trainSteps, { run: id, stages, from: 0, to: 1 }),
      runStage(gpu.evaluatePolicy, { run: id, stages, step: 0 }),
    ]
    for (const outcome of await Promise.allSettled(calls)) {
      assert.equal(outcome.status, 'rejected')
      const { reason } = outcome as PromiseRejectedResult
      assert.ok(reason instanceof ApplicationFailure)
      assert.equal(reason.type, 'Drift')
      assert.equal(reason.nonRetryable, true)
      assert.match(reason.message, /pipelines\/training\/loss\.js changed[\s\S]*rlev resume run --allow-drift/)
    }
    await policies.dispose()
  })

  it('goes on with other code once that is allowed, and then not with the old code', async () => {
    const stages = await prepare(place, config)
    const experiments = { [id]: { step: 0 } }
    addDrift({ home: place.home, id, code: edited, drift: { time: 1, changes: ['loss.js changed'], experiments } })
    const other: Workplace = { ...place, code: edited }
    const policies = new PolicyCache(place.store)
    const made = await runStage(gpuActivities(other, policies).rollOut, { run: id, stages, step: 1 })
    assert.equal('responses' in made && made.responses, 32)
    await assert.rejects(runStage(gpuActivities(place, policies).rollOut, { run: id, stages, step: 2 }), /allow-drift/)
    // What was shared before the change is what the run rests on, not made again by the other code.
    assert.deepEqual(await prepare(other, config), stages)
    await policies.dispose()
  })

  it('takes up nothing that another version made for another run', async () => {
    const stages = await prepare(place, config)
    const young = await prepare({ ...place, code: edited }, { ...config, name: 'young' })
    for (const stage of ['data', 'values', 'start'] as const)
      assert.notEqual(young[stage].uri, stages[stage].uri, stage)
    assert.equal(young.data.sha256, stages.data.sha256)
  })

  it('is held to the library and the device of its first policy worker, until a drift is allowed', () => {
    beginProvenance(place.home, id, place.code)
    claimEngine(place.home, id, 'TensorFlow 2.20')
    claimEngine(place.home, id, 'TensorFlow 2.20')
    assert.throws(
      () => claimEngine(place.home, id, 'TensorFlow 2.21'),
      /expected: TensorFlow 2\.20\n.*2\.21\n.*allow-drift/s,
    )
    const drift = { time: 1, changes: ['loss.js changed'], experiments: { [id]: { step: 4 } } }
    addDrift({ home: place.home, id, code: edited, drift })
    claimEngine(place.home, id, 'TensorFlow 2.21')
    assert.equal(readProvenance(place.home, id)?.engine, 'TensorFlow 2.21')
    assert.deepEqual(driftsOf(place.home, id), [
      'from step 4 on: loss.js changed, the policy computes on TensorFlow 2.21 (before: TensorFlow 2.20)',
    ])
  })

  it('keeps the key that its checkpoints and its MLflow run carry, however often its config changes', async () => {
    await runStage(ioActivities(place).freezeRun, { experiment: { id, config } })
    const subject = { kind: 'experiment', id, name: id, arm: id, seed: 1 } as const
    const tracked = trackingKey(place, subject)
    const key = experimentKey(config)
    for (const time of [1, 2]) {
      const experiments = { [id]: { step: 4, key: originalKey(place.home, id, config) } }
      addDrift({ home: place.home, id, code: place.code, drift: { time, changes: [`change ${time}`], experiments } })
      assert.equal(originalKey(place.home, id, tinyConfig('run', { update: { learningRate: time } })), key)
    }
    assert.equal(trackingKey(place, subject), tracked)
  })

  it('says of a sweep what any of its experiments went on with, and of each only its own', () => {
    beginProvenance(place.home, 'exam', place.code)
    const experiments = { 'exam/a/seed-1': { step: 20 }, 'exam/b/seed-1': { step: 10 } }
    addDrift({ home: place.home, id: 'exam', code: edited, drift: { time: 1, changes: ['x changed'], experiments } })
    assert.deepEqual(driftsOf(place.home, 'exam'), ['from step 10 on: x changed'])
    assert.deepEqual(driftsOf(place.home, 'exam/a/seed-1'), ['from step 20 on: x changed'])
    assert.deepEqual(driftsOf(place.home, 'exam/c/seed-1'), [])
  })
})
