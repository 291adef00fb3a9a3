/** Training options through the activities of a run: one that is cut and resumed gives the bits of one that is not, and a metric shows the option. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readMetrics } from '../../activities/store/runs.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import { tinyConfig } from '../workflows/tiny.js'
import { resultOf, runExperiment } from './driver.js'

type Overrides = NonNullable<Parameters<typeof tinyConfig>[1]>

let place: Workplace
before(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-options-')))
})
after(() => rmSync(place.home, { recursive: true, force: true }))

const shape: Overrides = { engine: { mode: 'eager' }, steps: 5, evaluation: { every: 5 } }
const inOneGo: Overrides = { checkpoint: { everySteps: 100 }, durability: { stepsPerActivity: 100 } }
const update = { learningRate: 1e-3, microBatch: 8 }

/** Options by name. None of them gives the weights of another. */
const options: Readonly<Record<string, Overrides>> = {
  none: {},
  schedule: { update: { ...update, schedule: { kind: 'cosine', warmup: 2, floor: 0.1, steps: null } } },
}

const weights = new Map<string, string>()

for (const [name, sections] of Object.entries(options)) {
  test(`${name}: cut at every step or at checkpoints, the run has the bits of one that is not cut`, async () => {
    const whole = tinyConfig(`${name}-whole`, { ...shape, ...sections, ...inOneGo })
    await runExperiment(place, whole)
    const expected = resultOf(place, whole)
    assert.ok(![...weights.values()].includes(expected.weights), 'the weights of another option')
    weights.set(name, expected.weights)
    for (const [everySteps, stepsPerActivity] of [
      [1, 1],
      [2, 5],
    ] as const) {
      const cut = { checkpoint: { everySteps }, durability: { stepsPerActivity } }
      const config = tinyConfig(`${name}-${everySteps}`, { ...shape, ...sections, ...cut })
      await runExperiment(place, config, { cold: true })
      assert.deepEqual(resultOf(place, config), expected)
    }
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
