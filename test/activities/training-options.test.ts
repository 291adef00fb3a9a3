/** Training options through the activities of a run: one that is cut and resumed gives the bits of one that is not, and a metric shows the option. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readMetrics } from '../../activities/store/runs/runs.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import { klScheduleSection } from '../../pipelines/config/sections/schedules.js'
import { tinyConfig } from '../workflows/tiny.js'
import { prepare, resultOf, runCancelled, runExperiment, runStage } from './driver.js'

type Overrides = NonNullable<Parameters<typeof tinyConfig>[1]>

let place: Workplace
before(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-options-')))
})
after(() => rmSync(place.home, { recursive: true, force: true }))

const shape: Overrides = {
  data: { testItemsPerSection: 2 },
  steps: 5,
  evaluation: { every: 5 },
}
const inOneGo: Overrides = { checkpoint: { everySteps: 100 }, durability: { stepsPerActivity: 100 } }
const klSchedule = (keys: object) => klScheduleSection.parse(keys)
const update = { learningRate: 1e-3, microBatch: 8 }

/** Options by name. None of them gives the weights of another. */
const options: Readonly<Record<string, Overrides>> = {
  none: {},
  schedule: { update: { ...update, schedule: { kind: 'cosine', warmup: 2, floor: 0.1, steps: null } } },
  ppo: { update: { ...update, ppo: { minibatches: 2, epochs: 2, clipLow: 0.1, clipHigh: 0.1, dualClip: 2 } } },
  importance: { update: { ...update, importanceCap: 1 } },
  'kl-linear': { kl: { place: 'loss', coefficient: 0.5, schedule: klSchedule({ end: 0.1 }) } },
  'kl-adaptive': {
    kl: { place: 'reward', coefficient: 0.5, schedule: klSchedule({ kind: 'adaptive', target: 0.001, horizon: 1 }) },
  },
  entropy: { update: { ...update, entropyCoefficient: 0.05 } },
}

const weights = new Map<string, string>()

for (const [name, sections] of Object.entries(options)) {
  test(`${name}: cut after every activity of every step, the run has the bits of one that is not cut`, async () => {
    const whole = tinyConfig(`${name}-whole`, { ...shape, ...sections, ...inOneGo })
    await runExperiment(place, whole)
    const expected = resultOf(place, whole)
    assert.ok(![...weights.values()].includes(expected.weights), 'the weights of another option')
    weights.set(name, expected.weights)
    // Every activity on a worker that has just come up, which loads a checkpoint or makes a step again.
    const cut = { checkpoint: { everySteps: 2 }, durability: { stepsPerActivity: 1 } }
    const config = tinyConfig(`${name}-cut`, { ...shape, ...sections, ...cut })
    await runExperiment(place, config, { cold: true })
    assert.deepEqual(resultOf(place, config), expected)
  })
}

const metric = (name: string, key: string) =>
  readMetrics(place.home, `${name}-whole`).map(({ values }) => values[key] ?? Number.NaN)

test('the learning rate of each step is a metric', () => {
  assert.deepEqual(metric('none', 'update/learning_rate'), [1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
  const found = metric('schedule', 'update/learning_rate').map(rate => Number((rate * 1e3).toFixed(6)))
  // 0.1 + 0.9 (1 + cos(pi p)) / 2 with p = 0, 1/3, 2/3 after the warm-up.
  assert.deepEqual(found, [0.5, 1, 1, 0.775, 0.325])
})

test('several updates a step count their optimizer steps, clipped tokens and divergence', () => {
  const made = metric('ppo', 'update/skipped').map(skipped => skipped === 0)
  assert.ok(made.includes(true))
  for (const [index, steps] of metric('ppo', 'update/optimizer_steps').entries()) {
    assert.ok(made[index] ? steps >= 2 && steps <= 4 : steps === 0, String(steps))
  }
  for (const key of ['policy/clip_fraction', 'value/clipped_top', 'value/clipped_bottom']) {
    assert.ok(metric('ppo', key).every(share => share >= 0 && share <= 1))
  }
  assert.ok(metric('ppo', 'policy/approx_kl').some(divergence => divergence > 1e-7))
  assert.ok(metric('none', 'policy/approx_kl').every(Number.isNaN))
})

test('importance weights are 1 but for rounding, because one engine samples and trains', () => {
  for (const [index, mean] of metric('importance', 'policy/importance_mean').entries()) {
    const skipped = metric('importance', 'update/skipped')[index] === 1
    assert.ok(skipped ? mean === 0 : Math.abs(mean - 1) < 1e-4, String(mean))
  }
})

test('several updates a step, cancelled after 1, 2, 3, ... ticks and gone on with, come to the same bits', async () => {
  const expected = resultOf(place, tinyConfig('ppo-whole', { ...shape, ...options['ppo'], ...inOneGo }))
  const config = tinyConfig('ppo-cancelled', { ...shape, ...options['ppo'], ...inOneGo })
  const cancellations = await runCancelled(place, config)
  assert.ok(cancellations > 5, String(cancellations))
  assert.deepEqual(resultOf(place, config), expected)
})

test('the coefficient of the divergence is a metric, and an adaptive one follows from the step before', () => {
  const close = (found: number[], expected: number[]) => {
    for (const [index, value] of expected.entries()) assert.ok(Math.abs((found[index] as number) - value) < 1e-12)
  }
  close(metric('kl-linear', 'kl/coefficient'), [0.5, 0.42, 0.34, 0.26, 0.18])
  const found = metric('kl-adaptive', 'kl/coefficient')
  const divergences = metric('kl-adaptive', 'kl/k3')
  const expected = [0.5]
  for (const divergence of divergences.slice(0, -1)) {
    expected.push((expected.at(-1) as number) * (1 + Math.min(0.2, Math.max(-0.2, divergence / 0.001 - 1))))
  }
  close(found, expected)
  assert.ok(new Set(found).size > 1)
  assert.ok(metric('none', 'kl/coefficient').every(Number.isNaN))
})

test('an adaptive coefficient is computed again from the responses if the metrics of the step before are lost', async () => {
  const config = tinyConfig('kl-lost', { ...shape, ...options['kl-adaptive'], ...inOneGo })
  const stages = await prepare(place, config)
  const expected = resultOf(place, tinyConfig('kl-adaptive-whole', { ...shape, ...options['kl-adaptive'], ...inOneGo }))
  const policies = new PolicyCache(place.store)
  const input = { run: config.name, stages }
  const activities = gpuActivities(place, policies)
  await runStage(activities.evaluatePolicy, { ...input, step: 0 })
  await runStage(activities.trainSteps, { ...input, from: 0, to: 3 })
  rmSync(experimentPaths.metrics(runFolder(place.home, config.name), 3))
  rmSync(experimentPaths.metrics(runFolder(place.home, config.name), 2))
  await runStage(activities.trainSteps, { ...input, from: 3, to: 5 })
  await runStage(activities.evaluatePolicy, { ...input, step: 5 })
  await policies.dispose()
  assert.equal(resultOf(place, config).weights, expected.weights)
})
