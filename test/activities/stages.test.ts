/** Stages in Temporal's activity environment, without a server. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { toFailure } from '../../activities/failures.js'
import { ioActivities } from '../../activities/io-activities.js'
import { readValues } from '../../activities/normalize-values.js'
import { readData } from '../../activities/prepare-data.js'
import { stageHooks } from '../../activities/stage.js'
import { FenceLost } from '../../activities/store/fence.js'
import { readConfig, readPlan } from '../../activities/store/runs/runs.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import { type ExperimentConfig, experimentSchema } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { tinyConfig } from '../workflows/tiny.js'

let place: Workplace
beforeEach(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-stages-')))
})
afterEach(() => rmSync(place.home, { recursive: true, force: true }))

const environment = () => new MockActivityEnvironment({ attempt: 1 }, { logger: new DefaultLogger('ERROR') })

const run = <Input, Output>(activity: (input: Input) => Promise<Output>, input: Input) =>
  environment().run<[Input], Output, (input: Input) => Promise<Output>>(activity, input)

const freeze = (config: ExperimentConfig, id = config.name) =>
  run(ioActivities(place).freezeRun, { experiment: { id, config } })

const fileData = (train: string) =>
  experimentSchema.parse({ ...tinyConfig('file'), data: { source: 'file', train, testShare: 0.5 } })

async function valuesOf(config: ExperimentConfig) {
  const { prepareData, normalizeValues, ablateValues } = ioActivities(place)
  const id = config.name
  await freeze(config)
  const data = await run(prepareData, { run: id })
  const values = await run(normalizeValues, { run: id, data })
  const rewardValues = await run(ablateValues, { run: id, values })
  return { data, values, rewardValues }
}

describe('the stages before training', () => {
  it('are shared by arms with the same data and seed, whatever their rewards', async () => {
    const human = await valuesOf(tinyConfig('human'))
    const correctness = await valuesOf(tinyConfig('correctness', { reward: { scale: 'correctness' } }))
    assert.deepEqual(correctness, human)
    const other = await valuesOf(tinyConfig('other', { seed: 2 }))
    assert.notEqual(other.data.uri, human.data.uri)
  })

  it('give v = points / total of every item', async () => {
    const { data, values } = await valuesOf(tinyConfig('human'))
    const { train, test } = readData(place.store, data)
    const stored = readValues(place.store, values)
    assert.deepEqual(
      stored.train.map(({ itemId, value }) => [itemId, value]),
      train.map(({ id, points, total }) => [id, points / total]),
    )
    assert.equal(stored.test.length, test.length)
    assert.equal(stored.statistics.n, train.length)
  })

  it('shuffle the values that the reward sees, and not the true ones', async () => {
    const plain = await valuesOf(tinyConfig('plain'))
    const { values, rewardValues } = await valuesOf(tinyConfig('shuffled', { value: { ablation: 'shuffled' } }))
    assert.deepEqual(values, plain.values)
    assert.deepEqual(plain.rewardValues, plain.values)
    const shuffled = readValues(place.store, rewardValues).train.map(({ value }) => value)
    const trueValues = readValues(place.store, values).train.map(({ value }) => value)
    assert.notDeepEqual(shuffled, trueValues)
    assert.deepEqual([...shuffled].sort(), [...trueValues].sort())
  })

  it('read a data file again only when its bytes have changed', async () => {
    const train = join(place.home, 'train.jsonl')
    const row = (id: number, points: number) =>
      JSON.stringify({ id: `q${id}`, exam: `e${id % 4}`, prompt: '1+1=', answer: '2', points, total: 10 })
    const write = (points: number) =>
      writeFileSync(train, Array.from({ length: 12 }, (_, id) => row(id, points)).join('\n'))
    const fileConfig = fileData(train)
    write(1)
    const first = await valuesOf(fileConfig)
    assert.deepEqual(await valuesOf(fileConfig), first)
    write(2)
    assert.notEqual((await valuesOf(fileConfig)).data.sha256, first.data.sha256)
  })

  it('say which data file cannot be read', async () => {
    await assert.rejects(valuesOf(fileData('/nowhere/train.jsonl')), (error: unknown) => {
      assert.ok(error instanceof ApplicationFailure)
      assert.equal(error.type, 'DataInvalid')
      assert.equal(error.nonRetryable, true)
      assert.match(error.message, /\/nowhere\/train\.jsonl/)
      return true
    })
  })
})

describe('freezing', () => {
  it('refuses a changed config under an old name, and takes one that changes no result', async () => {
    await freeze(tinyConfig('a'))
    await assert.rejects(
      freeze(tinyConfig('a', { reward: { alpha: 3 } })),
      /reward\.alpha = 10[\s\S]*reward\.alpha = 3/,
    )
    await freeze(tinyConfig('a', { durability: { stepsPerActivity: 1 } }))
  })

  it('writes a damaged config again, and nothing reads it meanwhile', async () => {
    await freeze(tinyConfig('a'))
    const path = join(place.home, 'runs', 'a', 'config.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"steps": 6', '"steps": 9'))
    await assert.rejects(run(ioActivities(place).prepareData, { run: 'a' }), /not what was written/)
    await freeze(tinyConfig('a'))
    assert.equal(readConfig(place.home, 'a').steps, 6)
    assert.ok(existsSync(`${path}.damaged-1`))
  })

  it('keeps the plan that is there', async () => {
    const config = tinyConfig('a')
    const plan = (warnings: string[]) => ({ kind: 'experiment' as const, name: 'a', config, warnings })
    await run(ioActivities(place).freezeRun, { plan: plan(['first']) })
    await run(ioActivities(place).freezeRun, { plan: plan([]) })
    assert.deepEqual(readPlan(place.home, 'a').warnings, ['first'])
  })

  it('lets no name leave the home', async () => {
    await assert.rejects(freeze(tinyConfig('a'), '../../outside'), /cannot be used as a folder/)
    assert.ok(!existsSync(join(place.home, '..', 'outside')))
  })
})

describe('failures', () => {
  const failure = (error: unknown, attempt = 1) => toFailure(error, attempt) as ApplicationFailure
  const ofKind = (kind: 'NotFinite' | 'ServiceUnavailable' | 'ArtifactDamaged') =>
    new RlevError({ kind, message: 'm', place: 'p' })

  it('carry their kind as type, and end the stage where trying again cannot help', () => {
    const { type, nonRetryable, details } = failure(ofKind('NotFinite'))
    assert.deepEqual(
      [type, nonRetryable, details],
      ['NotFinite', true, [{ kind: 'NotFinite', message: 'm', place: 'p' }]],
    )
    assert.equal(failure(ofKind('ServiceUnavailable'), 1000).nonRetryable, false)
  })

  it('of an unknown sort are tried a few times', () => {
    assert.deepEqual(
      [1, 4, 5].map(attempt => failure(new TypeError('x'), attempt).nonRetryable),
      [false, false, true],
    )
    assert.deepEqual(
      [1, 5].map(attempt => failure(ofKind('ArtifactDamaged'), attempt).nonRetryable),
      [false, true],
    )
    assert.equal(failure(new FenceLost('p'), 9).nonRetryable, false)
  })

  it('of a disk without room are tried again without end, a minute later, also where no path is known', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const { type, nonRetryable, nextRetryDelay } = failure(full, 1000)
    assert.deepEqual([type, nonRetryable, nextRetryDelay], ['NoStorage', false, '1 minute'])
  })

  it('pass a cancellation on as it is', () => {
    const cancelled = new CancelledFailure('by the user')
    assert.equal(toFailure(cancelled, 1), cancelled)
  })
})

describe('the hooks of an activity', () => {
  it('heartbeat at each tick, and throw once the activity is cancelled', async () => {
    const mock = environment()
    const beats: unknown[] = []
    mock.on('heartbeat', (details: unknown) => beats.push(details))
    let ticks = 0
    const work = mock.run(async () => {
      const hooks = stageHooks('steps 1-3')
      for (; ticks < 100; ticks++) {
        await hooks.tick({ done: ticks, of: 100 })
        if (ticks === 2) mock.cancel('CANCELLED')
      }
    })
    await assert.rejects(work, CancelledFailure)
    assert.equal(ticks, 3)
    assert.deepEqual(beats.slice(0, 2), [
      { note: 'steps 1-3', done: 0, of: 100 },
      { note: 'steps 1-3', done: 1, of: 100 },
    ])
  })
})
