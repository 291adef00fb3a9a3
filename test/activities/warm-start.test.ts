import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import type { ArtifactRef } from '../../activities/store/store.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import { workplace } from '../../activities/workplace.js'
import { localEngine } from '../../pipelines/config/engine-kinds.js'
import type { EngineConfig, ExperimentConfig } from '../../pipelines/config/schema.js'
import { policyWarmStartSection } from '../../pipelines/config/sections/policy-warm-start.js'
import { tinyConfig } from '../workflows/tiny.js'
import { runExperiment } from './driver.js'

const place = workplace(mkdtempSync(join(tmpdir(), 'rlev-warm-start-')))
const policies = new PolicyCache(place.store)
after(async () => {
  await policies.dispose()
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

const short = (name: string, engine: Partial<EngineConfig> = {}) => {
  const config = tinyConfig(name)
  return {
    ...config,
    warmStart: { ...config.warmStart, steps: 2 },
    engine: { ...localEngine(config.engine), ...engine },
  }
}

test('arms share a warm start; arms that are computed in another way have a separate one', async () => {
  const one = await warmStart(short('one'))
  assert.deepEqual(await warmStart(short('same')), one)
  assert.notEqual((await warmStart(short('eager', { mode: 'eager' }))).uri, one.uri)
  assert.notEqual((await warmStart(short('lanes', { lanes: 2 }))).uri, one.uri)
})

const source = join(place.home, 'source')

describe('a policy from a checkpoint', () => {
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

describe('a checkpoint that is taught', () => {
  type Policy = Extract<ExperimentConfig['policy'], { from: 'checkpoint' }>
  const settings = { steps: 3, batch: 4, warmup: 0, learningRate: 1e-3 }
  const taught = (name: string, keys: object = {}, sections: Parameters<typeof tinyConfig>[1] = {}) => {
    const warmStartKeys = { ...settings, ...keys }
    const policy = {
      from: 'checkpoint',
      path: source,
      warmStart: policyWarmStartSection.parse(warmStartKeys),
    } as Policy
    return { ...tinyConfig(name, sections), policy }
  }
  const weights = (ref: ArtifactRef) => readFileSync(join(place.store.folder(ref), 'model.safetensors'))

  test('is taught once for arms that differ in their rewards, and again for other settings, seeds and adapters', async () => {
    const one = await warmStart(taught('taught'))
    assert.deepEqual(await warmStart(taught('values', {}, { reward: { scale: 'correctness' } })), one)
    assert.notDeepEqual(weights(one), readFileSync(join(source, 'model.safetensors')))
    const others = [
      taught('fewer', { steps: 2 }),
      taught('answers', { show: 'answer' }),
      taught('seed', {}, { seed: 2 }),
      taught('adapter', {}, { update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj'] } } }),
    ]
    const starts = []
    for (const config of others) starts.push(await warmStart(config))
    assert.equal(new Set([one, ...starts].map(({ uri }) => uri)).size, 5)
    assert.equal(new Set([one, ...starts].map(ref => weights(ref).toString('base64'))).size, 5)
  })

  test('stays what it was for a run that has begun, and is made again if its copy is damaged', async () => {
    const one = await warmStart(taught('kept'))
    const before = weights(one)
    writeFileSync(join(place.home, one.uri, 'model.safetensors'), 'damaged')
    assert.deepEqual(await warmStart(taught('kept')), one)
    assert.deepEqual(weights(one), before)
  })

  test('is the start of reinforcement learning, by weights or by an adapter, with the same bits when it is cut', async () => {
    const adapter = { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'] as ('q_proj' | 'v_proj')[] }
    const shape = { engine: { mode: 'eager' as const }, steps: 3, evaluation: { every: 3 } }
    for (const [name, update] of [
      ['weights', { learningRate: 1e-3, microBatch: 8 }],
      ['adapters', { learningRate: 1e-2, microBatch: 8, adapter }],
    ] as const) {
      const whole = taught(`${name}-whole`, {}, { ...shape, update, durability: { stepsPerActivity: 100 } })
      await runExperiment(place, whole)
      const cut = taught(
        `${name}-cut`,
        {},
        { ...shape, update, durability: { stepsPerActivity: 1 }, checkpoint: { everySteps: 1 } },
      )
      await runExperiment(place, cut, { cold: true })
      const trained = (config: ExperimentConfig) => {
        const folder = join(experimentPaths.checkpoints(runFolder(place.home, config.name)), stepName(config.steps))
        return readFileSync(join(folder, name === 'adapters' ? 'adapter_model.safetensors' : 'model.safetensors'))
      }
      assert.deepEqual(trained(cut), trained(whole))
    }
  })
})
