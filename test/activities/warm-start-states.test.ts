/** A warm start that is interrupted goes on from its newest state: the same files, and no step is made twice that a state was kept of. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CancelledFailure } from '@temporalio/common'
import { armFailPoints, failPointVariable } from '../../activities/fail-points/fail-point.js'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { namesIn } from '../../activities/store/files.js'
import type { ArtifactRef } from '../../activities/store/store.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { policyWarmStartSection } from '../../pipelines/config/sections/policy-warm-start.js'
import { tinyConfig } from '../workflows/tiny.js'
import { environment, runStage } from './driver.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-warm-start-states-'))
after(() => rmSync(root, { recursive: true, force: true }))
const source = join(root, 'source')
const steps = 6

let homes = 0
const newPlace = () => workplace(mkdtempSync(join(root, `home-${homes++}-`)))

type Policy = Extract<ExperimentConfig['policy'], { from: 'checkpoint' }>

function taught(name: string, { seconds = 0 as number | null, keys = {}, sections = {} } = {}): ExperimentConfig {
  const warmStart = policyWarmStartSection.parse({ steps, batch: 4, warmup: 2, learningRate: 1e-3, ...keys })
  const policy = { from: 'checkpoint', path: source, warmStart } as Policy
  return { ...tinyConfig(name, { checkpoint: { supervisedSeconds: seconds }, ...sections }), policy }
}

function scratch(name: string): ExperimentConfig {
  const config = tinyConfig(name, { checkpoint: { supervisedSeconds: 0 } })
  return { ...config, warmStart: { ...config.warmStart, steps } }
}

const kinds = {
  'of weights': taught('weights'),
  'of an adapter': taught('adapter', {
    sections: { update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'] } } },
  }),
  'of a policy from scratch': scratch('scratch'),
}

interface Attempt {
  ref: ArtifactRef | null
  error: unknown
  /** Steps that it made. */
  made: number[]
}

/** `points`: fail points that are armed. `cancelAt`: the step after which it is cancelled. */
async function attempt(
  place: Workplace,
  config: ExperimentConfig,
  { points, cancelAt }: { points?: string; cancelAt?: number } = {},
): Promise<Attempt> {
  const { freezeRun, prepareData } = ioActivities(place)
  await runStage(freezeRun, { experiment: { id: config.name, config } })
  const data = await runStage(prepareData, { run: config.name })
  const policies = new PolicyCache(place.store)
  const mock = environment()
  const made: number[] = []
  mock.on('heartbeat', (details: { done?: number } | undefined) => {
    if (details?.done === undefined) return
    made.push(details.done)
    if (details.done === cancelAt) mock.cancel()
  })
  armFailPoints(points)
  try {
    const ref = await runStage(gpuActivities(place, policies).warmStart, { run: config.name, data }, mock)
    return { ref, error: null, made }
  } catch (error) {
    return { ref: null, error, made }
  } finally {
    armFailPoints(undefined)
    await policies.dispose()
  }
}

/** One that the fail point ends. */
async function interrupted(place: Workplace, config: ExperimentConfig, point: string): Promise<Attempt> {
  const made = await attempt(place, config, { points: `${point}:throw` })
  assert.match(String(made.error), new RegExp(`${point.split(':')[0]} was armed to throw`))
  return made
}

/** Files of the checkpoint: one tick each when it is digested, and one when it is copied into the home. */
const files = 5

/** After so many steps of this attempt. `first`: the first one in a home. */
function afterSteps(config: ExperimentConfig, steps: number, { first = true } = {}): string {
  const before = config.policy.from === 'scratch' ? 0 : first ? 2 * files : files
  return `warm-start.tick:${before + steps}`
}

const states = ({ home }: Workplace) => namesIn(join(home, 'store', 'warm-start-state'))
const all = (from: number) => Array.from({ length: steps - from + 1 }, (_, index) => from + index)

const digests = new Map<ExperimentConfig, Promise<string>>()
/** The digest of all files that an undisturbed warm start makes, which is made once. */
function undisturbed(config: ExperimentConfig): Promise<string> {
  const digest = digests.get(config) ?? makeUndisturbed(config)
  digests.set(config, digest)
  return digest
}

async function makeUndisturbed(config: ExperimentConfig): Promise<string> {
  const { ref, made } = await attempt(newPlace(), {
    ...config,
    checkpoint: { ...config.checkpoint, supervisedSeconds: null },
  })
  assert.deepEqual(made, all(1))
  return ref?.sha256 ?? ''
}

before(async () => {
  const place = newPlace()
  const { ref } = await attempt(place, scratch('origin'))
  cpSync(join(place.home, ref?.uri ?? ''), source, { recursive: true })
})

for (const [kind, config] of Object.entries(kinds)) {
  describe(`a warm start ${kind}`, () => {
    test('goes on after the newest state, with the same bits, and leaves none behind', async () => {
      const place = newPlace()
      assert.deepEqual((await interrupted(place, config, afterSteps(config, 3))).made, [1, 2, 3])
      assert.equal(states(place).length, 1)
      assert.match(states(place)[0] ?? '', /^[0-9a-f]{64}-step-000002$/)
      assert.deepEqual((await interrupted(place, config, afterSteps(config, 2, { first: false }))).made, [3, 4])
      const { ref, made } = await attempt(place, config)
      assert.deepEqual(made, [4, 5, 6])
      assert.equal(ref?.sha256, await undisturbed(config))
      assert.deepEqual(states(place), [])
    })

    test('goes on in another process after a kill', async () => {
      const place = newPlace()
      await runStage(ioActivities(place).freezeRun, { experiment: { id: config.name, config } })
      const program = fileURLToPath(new URL('./warm-start-attempt.js', import.meta.url))
      const killed = spawnSync(process.execPath, [program, place.home, config.name], {
        env: { ...process.env, [failPointVariable]: `${afterSteps(config, 5)}:kill` },
        encoding: 'utf8',
      })
      assert.equal(killed.signal, 'SIGKILL', killed.stderr)
      assert.equal(killed.stdout, '1\n2\n3\n4\n5\n')
      const { ref, made } = await attempt(place, config)
      assert.deepEqual(made, [5, 6])
      assert.equal(ref?.sha256, await undisturbed(config))
    })
  })
}

describe('a state of a warm start', () => {
  const config = kinds['of a policy from scratch']

  test('counts when it has its name, and an interruption of its writing loses no other', async () => {
    const expected = await undisturbed(config)
    const goesOnAt = { before: 2, filled: 2, manifest: 2, renamed: 3, after: 3 }
    for (const [point, next] of Object.entries(goesOnAt)) {
      const place = newPlace()
      // The second state; the folder of the output itself is begun before.
      const hit = point === 'before' ? 3 : 2
      assert.deepEqual((await interrupted(place, config, `stage-output.${point}:${hit}`)).made, [1, 2], point)
      const { ref, made } = await attempt(place, config)
      assert.deepEqual(made, all(next), point)
      assert.equal(ref?.sha256, expected, point)
      assert.deepEqual(states(place), [], point)
    }
  })

  test('is kept after a cancellation', async () => {
    const place = newPlace()
    const cancelled = await attempt(place, config, { cancelAt: 4 })
    assert.ok(cancelled.error instanceof CancelledFailure, String(cancelled.error))
    assert.deepEqual(cancelled.made, [1, 2, 3, 4])
    const { ref, made } = await attempt(place, config)
    assert.deepEqual(made, [4, 5, 6])
    assert.equal(ref?.sha256, await undisturbed(config))
  })

  test('that is damaged, or is of another step than its name says, is set aside', async () => {
    const expected = await undisturbed(config)
    const path = (place: Workplace) => join(place.home, 'store', 'warm-start-state', states(place)[0] ?? '')
    const harms: ((place: Workplace) => void)[] = [
      place => writeFileSync(join(path(place), 'optimizer.safetensors'), 'damaged'),
      place => {
        const other = path(place).replace(/step-\d+$/, 'step-000005')
        cpSync(path(place), other, { recursive: true })
        rmSync(path(place), { recursive: true })
      },
    ]
    for (const harm of harms) {
      const place = newPlace()
      await interrupted(place, config, afterSteps(config, 4))
      harm(place)
      const { ref, made } = await attempt(place, config)
      assert.deepEqual(made, all(1))
      assert.equal(ref?.sha256, expected)
      assert.equal(states(place).filter(name => name.includes('.damaged-')).length, 1)
    }
  })

  test('is not taken by another config, which makes its own, and is taken by an arm with other rewards', async () => {
    const place = newPlace()
    await interrupted(place, kinds['of weights'], afterSteps(kinds['of weights'], 4))
    const others = [
      taught('rate', { keys: { learningRate: 2e-3 } }),
      taught('longer', { keys: { steps: steps + 1 } }),
      taught('seed', { sections: { seed: 2 } }),
    ]
    for (const other of others) assert.equal((await attempt(place, other)).made[0], 1, other.name)
    assert.equal(states(place).length, 1)
    const arm = taught('values', { sections: { reward: { scale: 'correctness' } } })
    const { ref, made } = await attempt(place, arm)
    assert.deepEqual(made, [4, 5, 6])
    assert.equal(ref?.sha256, await undisturbed(kinds['of weights']))
  })

  test('is not kept in a warm start that is shorter than the time between states, nor if the config asks for none', async () => {
    for (const seconds of [300, null]) {
      const place = newPlace()
      const unkept = taught(`kept-${seconds}`, { seconds })
      await interrupted(place, unkept, afterSteps(unkept, 5))
      assert.ok(!existsSync(join(place.home, 'store', 'warm-start-state')))
      assert.deepEqual((await attempt(place, unkept)).made, all(1))
      assert.deepEqual(readdirSync(join(place.home, 'store')).sort(), ['checkpoint', 'data', 'warm-start'])
    }
  })
})
