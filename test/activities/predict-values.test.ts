/** The stage of predicted values in Temporal's activity environment, without a server. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CancelledFailure } from '@temporalio/common'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { readValues } from '../../activities/normalize-values.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readSealed } from '../../activities/store/sealed.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import type { PredictionQuality } from '../../pipelines/values/predictor/quality.js'
import { tinyConfig } from '../workflows/tiny.js'
import { environment, prepare, runExperiment, runStage } from './driver.js'

/** One for all tests, which share its data and its warm start. */
const place: Workplace = workplace(mkdtempSync(join(tmpdir(), 'rlev-predicted-')))
after(() => rmSync(place.home, { recursive: true, force: true }))

const predictedConfig = (name: string, sections: Record<string, unknown> = {}) =>
  tinyConfig(name, {
    value: {
      ablation: 'predicted',
      predictor: { folds: 2, labelled: 1, epochs: 1, batch: 16, learningRate: 1e-3, maxTokens: 6 },
    },
    ...sections,
  })

describe('predicted values', () => {
  it('are seen by the reward only, made once for arms with the same start, and kept with their quality', async () => {
    const first = predictedConfig('first')
    const stages = await prepare(place, first)
    const seen = readValues(place.store, stages.rewardValues)
    const given = readValues(place.store, stages.values)
    assert.deepEqual(seen.test, given.test)
    assert.notDeepEqual(
      seen.train.map(({ value }) => value),
      given.train.map(({ value }) => value),
    )
    assert.deepEqual(
      seen.train.map(({ itemId }) => itemId),
      given.train.map(({ itemId }) => itemId),
    )
    const quality = readSealed<PredictionQuality>(experimentPaths.predictor(runFolder(place.home, 'first')))
    assert.equal(quality?.items, given.train.length)

    const other = await prepare(place, predictedConfig('other', { estimator: { name: 'reinforce++' } }))
    assert.deepEqual(other.rewardValues, stages.rewardValues)
    assert.equal(readdirSync(join(place.home, 'store', 'predicted-values')).length, 1)
    await runExperiment(place, first)
  })

  it('are begun again after an attempt that was cancelled half-way, with the same bits', async () => {
    const config = predictedConfig('cancelled')
    const whole = await prepare(place, config)
    const values = readValues(place.store, whole.rewardValues)
    rmSync(join(place.home, 'store', 'predicted-values'), { recursive: true })

    const { rewardValues: _made, ...before } = whole
    const policies = new PolicyCache(place.store)
    const { predictValues } = gpuActivities(place, policies)
    const interrupted = environment()
    let beats = 0
    interrupted.on('heartbeat', () => {
      if (++beats === 2) interrupted.cancel()
    })
    await assert.rejects(runStage(predictValues, { run: config.name, ...before }, interrupted), CancelledFailure)
    assert.equal(
      readdirSync(join(place.home, 'store', 'predicted-values')).filter(name => !name.startsWith('.')).length,
      0,
    )
    const again = await runStage(predictValues, { run: config.name, ...before })
    assert.equal(again.sha256, whole.rewardValues.sha256)
    assert.deepEqual(readValues(place.store, again), values)
    await policies.dispose()
  })
})
