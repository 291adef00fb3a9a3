import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import { workplace } from '../../activities/workplace.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { tinyConfig } from '../workflows/tiny.js'

const place = workplace(mkdtempSync(join(tmpdir(), 'rlev-warm-start-')))
const policies = new PolicyCache(place.store)
after(() => {
  policies.dispose()
  rmSync(place.home, { recursive: true, force: true })
})

const run = <Input, Output>(activity: (input: Input) => Promise<Output>, input: Input) =>
  new MockActivityEnvironment({ attempt: 1 }).run<[Input], Output, (input: Input) => Promise<Output>>(activity, input)

async function warmStart(config: ExperimentConfig) {
  const { freezeRun, prepareData } = ioActivities(place)
  await run(freezeRun, { experiment: { id: config.name, config } })
  const data = await run(prepareData, { run: config.name })
  return run(gpuActivities(place, policies).warmStart, { run: config.name, data })
}

const short = (name: string, engine: Partial<ExperimentConfig['engine']> = {}) => {
  const config = tinyConfig(name)
  return { ...config, warmStart: { ...config.warmStart, steps: 2 }, engine: { ...config.engine, ...engine } }
}

test('arms share a warm start; arms that are computed in another way have a separate one', async () => {
  const one = await warmStart(short('one'))
  assert.deepEqual(await warmStart(short('same')), one)
  assert.notEqual((await warmStart(short('eager', { mode: 'eager' }))).uri, one.uri)
  assert.notEqual((await warmStart(short('lanes', { lanes: 2 }))).uri, one.uri)
})
