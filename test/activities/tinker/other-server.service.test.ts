/** A server that is started again as another version: the run is told so, as of other drift, and goes on once that is allowed. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ApplicationFailure } from '@temporalio/common'
import { gpuActivities } from '../../../activities/gpu-activities.js'
import { ioActivities } from '../../../activities/io-activities.js'
import { addDrift, driftsOf, readProvenance } from '../../../activities/store/runs/provenance.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import { workplace } from '../../../activities/workplace.js'
import { prepare, runStage } from '../driver.js'
import { configFor, keptFindings, root, statesOf } from './served-run.js'
import { served } from './tiny-server.js'

test('what a probe finds is in the provenance of a run, and another finding ends it until it is allowed', async t => {
  const { url, models } = await served(t)
  const place = workplace(mkdtempSync(join(root, 'home-')))
  const config = configFor(url, { durability: { stepsPerActivity: 1, heartbeatTimeout: 60 } })
  const { name: run } = config
  const states = statesOf(place, config)
  // The server of before counted a resent request again; this one, which has its address, does not.
  states.keepFindings(keptFindings(url, { resend: 'counted again' }), () => {})
  const stages = await prepare(place, config)
  const policies = new PolicyCache(place.store)
  t.after(() => policies.dispose())
  const gpu = gpuActivities(place, policies)
  const input = { run, stages }
  await runStage(gpu.rollOut, { ...input, step: 1 })
  await runStage(ioActivities(place).scaleRewards, { ...input, step: 1 })
  await runStage(gpu.updatePolicy, { ...input, step: 1 })
  const before = readProvenance(place.home, run)?.engine ?? ''
  assert.match(before, /^a server of the Tinker API, .*, findings [0-9a-f]{12}$/)

  models.unloadAll()
  await assert.rejects(runStage(gpu.rollOut, { ...input, step: 2 }), { type: 'EngineEnded' })
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(runStage(gpu.rollOut, { ...input, step: 2 }), (failure: ApplicationFailure) => {
      assert.deepEqual([failure.type, failure.nonRetryable], ['Drift', true])
      assert.ok(failure.message.includes(`expected: ${before}`), failure.message)
      assert.match(failure.message, /resume served --allow-drift/)
      return true
    })
  }
  assert.equal(states.findings(url)?.findings.resend, 'counted once')

  const drift = { time: 1, changes: [], experiments: { [run]: { step: 0 } } }
  addDrift({ home: place.home, id: run, code: place.code, drift })
  assert.deepEqual(driftsOf(place.home, run), [])
  await runStage(gpu.rollOut, { ...input, step: 2 })
  const now = readProvenance(place.home, run)?.engine ?? ''
  assert.notEqual(now, before)
  assert.deepEqual(driftsOf(place.home, run), [`from step 0 on: the policy computes on ${now} (before: ${before})`])
})
