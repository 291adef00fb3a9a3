import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { namesIn } from '../../activities/store/files.js'
import type { ArtifactRef } from '../../activities/store/store.js'
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

describe('a policy from a checkpoint', () => {
  const source = join(place.home, 'source')
  const startOf = (name: string, keys: { seed?: number; trainPapers?: number } = {}) => {
    const { seed = 1, trainPapers = 4 } = keys
    const config = tinyConfig(name, { seed, data: { trainPapers } })
    return warmStart({ ...config, policy: { from: 'checkpoint', path: source } })
  }
  const weights = (ref: ArtifactRef) => readFileSync(join(place.store.folder(ref), 'model.safetensors'))
  const stored = () => namesIn(join(place.home, 'store', 'checkpoint'))

  before(async () => {
    const { uri } = await warmStart(short('origin'))
    cpSync(join(place.home, uri), source, { recursive: true })
    // What rlev or a person keeps beside the files of a checkpoint is not part of it.
    writeFileSync(join(source, 'optimizer.safetensors'), 'moments')
    writeFileSync(join(source, 'README.md'), 'words')
  })

  test('is stored once for all seeds and data, by the digests of its files, with their bytes', async () => {
    const one = await startOf('from-checkpoint')
    assert.deepEqual(await startOf('other-seed', { seed: 2 }), one)
    assert.deepEqual(await startOf('other-data', { trainPapers: 3 }), one)
    rmSync(join(source, 'README.md'))
    assert.deepEqual(await startOf('without-words'), one)
    assert.deepEqual(stored(), [basename(one.uri)])
    assert.deepEqual(weights(one), readFileSync(join(source, 'model.safetensors')))
    assert.ok(!namesIn(join(place.home, one.uri)).includes('optimizer.safetensors'))
  })

  test('is stored once by runs that begin at the same time', async () => {
    rmSync(join(place.home, 'store', 'checkpoint'), { recursive: true })
    const starts = await Promise.all(['a', 'b', 'c'].map(name => startOf(name)))
    assert.equal(new Set(starts.map(({ uri }) => uri)).size, 1)
    assert.equal(stored().length, 1)
    assert.deepEqual(readdirSync(join(place.home, 'store', 'checkpoint')), stored())
  })

  test('stays what it was for a run that has begun; a changed one is another start', async () => {
    const one = await startOf('lasting')
    const path = join(source, 'generation_config.json')
    const original = readFileSync(path, 'utf8')
    writeFileSync(path, `${original}\n`)
    assert.deepEqual(await startOf('lasting'), one)
    assert.notEqual((await startOf('later')).uri, one.uri)

    // Without its copy the run does not go on from the changed files.
    rmSync(join(place.home, one.uri), { recursive: true })
    await assert.rejects(startOf('lasting'), /the checkpoint has changed since the run began/)
    writeFileSync(path, original)
    assert.deepEqual(await startOf('lasting'), one)

    // A damaged copy is set aside and made again.
    writeFileSync(join(place.home, one.uri, 'model.safetensors'), 'damaged')
    assert.deepEqual(await startOf('lasting'), one)
    assert.deepEqual(weights(one), readFileSync(join(source, 'model.safetensors')))
  })
})
