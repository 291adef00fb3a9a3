/** The same bits wherever the work is cut: at checkpoints, activities, passes over the items, evaluations, and cancellations at any tick. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readData } from '../../activities/prepare-data.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readMetrics } from '../../activities/store/runs/runs.js'
import { pointsOf } from '../../activities/tracking/track-progress.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { tinyConfig } from '../workflows/tiny.js'
import { prepare, resultOf, runCancelled, runExperiment } from './driver.js'

let place: Workplace
before(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-boundaries-')))
})
after(() => rmSync(place.home, { recursive: true, force: true }))

type Overrides = NonNullable<Parameters<typeof tinyConfig>[1]>

/** What is evaluated is small too. */
const data = { testItemsPerSection: 2 }
const inOneGo = { checkpoint: { everySteps: 100 }, durability: { stepsPerActivity: 100 } }

/** Runs the experiment and gives what it came to. */
async function comesTo(config: ExperimentConfig, options?: { cold: boolean }): Promise<ReturnType<typeof resultOf>> {
  await runExperiment(place, config, options)
  return resultOf(place, config)
}

const updatesOf = (config: ExperimentConfig) =>
  readMetrics(place.home, config.name).map(({ values }) => (values['update/skipped'] === 0 ? 'made' : 'skipped'))

describe('an experiment is the same bits', () => {
  it('with a checkpoint at every 1 to 7 steps and activities of 1, 2 or 6, each on a worker that has just come up', async () => {
    const shape: Overrides = { data, steps: 6, evaluation: { every: 4 } }
    const config = tinyConfig('whole', { ...shape, ...inOneGo })
    const expected = await comesTo(config)
    assert.deepEqual(
      expected.evaluations.map(({ step }) => step),
      [0, 4, 6],
    )
    assert.ok(updatesOf(config).filter(update => update === 'made').length >= 4)
    for (let everySteps = 1; everySteps <= 7; everySteps++) {
      const stepsPerActivity = [1, 2, 6][everySteps % 3] as number
      const cut = { checkpoint: { everySteps }, durability: { stepsPerActivity } }
      const result = await comesTo(tinyConfig(`cut-${everySteps}`, { ...shape, ...cut }), { cold: true })
      assert.deepEqual(result, expected, `checkpoints every ${everySteps}, activities of ${stepsPerActivity}`)
    }
  })

  it('where the prompts of a step run over the end of a pass, and where they are more than there are items', async () => {
    const small = { ...data, trainPapers: 1 }
    const first = tinyConfig('passes', { data: small, ...inOneGo, steps: 1 })
    const items = readData(place.store, (await prepare(place, first)).data).train.length
    for (const prompts of [items - 1, items + 1]) {
      const shape: Overrides = { data: small, steps: 2, rollout: { prompts, samples: 2 } }
      const expected = await comesTo(tinyConfig(`passes-${prompts}`, { ...shape, ...inOneGo }))
      const cut = { checkpoint: { everySteps: 1 }, durability: { stepsPerActivity: 1 } }
      assert.deepEqual(
        await comesTo(tinyConfig(`passes-${prompts}-cut`, { ...shape, ...cut }), { cold: true }),
        expected,
      )
    }
  })

  it('where steps have nothing to push: all of their advantages are 0, the last one included', async () => {
    // One prompt a step: its answers are mostly all wrong, and RLOO's advantages then all 0.
    const shape: Overrides = { data, steps: 5, rollout: { prompts: 1, samples: 4 }, evaluation: { every: 5 } }
    const config = tinyConfig('idle', { ...shape, ...inOneGo })
    const expected = await comesTo(config)
    const updates = updatesOf(config)
    assert.ok(updates.includes('skipped'), updates.join())
    const cut = { checkpoint: { everySteps: 1 }, durability: { stepsPerActivity: 1 } }
    assert.deepEqual(await comesTo(tinyConfig('idle-cut', { ...shape, ...cut }), { cold: true }), expected)

    // Not one right answer: no update at all, and still a checkpoint of the last step.
    const never: Overrides = { ...shape, steps: 2, warmStart: { steps: 1, warmup: 0, finalSteps: 0 } }
    const idle = tinyConfig('never', { ...never, ...inOneGo })
    const nothing = await comesTo(idle)
    assert.deepEqual(updatesOf(idle), ['skipped', 'skipped'])
    assert.deepEqual(await comesTo(tinyConfig('never-cut', { ...never, ...cut }), { cold: true }), nothing)
  })

  it('cancelled after 1, 2, 3, ... ticks, and each time gone on with by the same worker or another', async () => {
    const shape: Overrides = { data, steps: 4, evaluation: { every: 4 }, update: { learningRate: 1e-3, microBatch: 4 } }
    const expected = await comesTo(tinyConfig('unbroken', { ...shape, ...inOneGo }))
    const config = tinyConfig('broken', { ...shape, ...inOneGo })
    const rollouts = join(runFolder(place.home, config.name), 'rollouts')
    const sampled = new Map<string, string>()
    const cancellations = await runCancelled(place, config, {
      cold: count => count % 2 === 0,
      onCancelled() {
        for (const [name, text] of sampled) assert.equal(readFileSync(join(rollouts, name), 'utf8'), text)
        for (const name of namesIn(rollouts)) sampled.set(name, readFileSync(join(rollouts, name), 'utf8'))
      },
    })
    assert.ok(cancellations >= 8, `${cancellations} cancellations`)
    assert.deepEqual(resultOf(place, config), expected)
  })

  it('under a clock that jumps, and no point is stamped twice', async () => {
    const shape: Overrides = { data, steps: 4, evaluation: { every: 2 } }
    const expected = await comesTo(tinyConfig('steady', { ...shape, ...inOneGo }))
    let calls = 0
    const jumps = [Date.now(), 1, 4_102_444_800_000, 86_400_000]
    const jumping: Workplace = { ...place, now: () => (jumps[calls++ % jumps.length] as number) + calls }
    const config = tinyConfig('jumping', {
      ...shape,
      checkpoint: { everySteps: 2 },
      durability: { stepsPerActivity: 1 },
    })
    await runExperiment(jumping, config, { cold: true })
    assert.deepEqual(resultOf(place, config), expected)

    const points = pointsOf(place, config.name, { from: -1, to: 4 })
    assert.ok(new Set(points.map(({ timestamp }) => timestamp)).size > 4, 'the clock did jump')
    // What is lost is made again, and carries the stamps that it had.
    const folder = runFolder(place.home, config.name)
    rmSync(experimentPaths.records(folder, 3))
    rmSync(experimentPaths.rollout(folder, 4))
    rmSync(experimentPaths.checkpoints(folder), { recursive: true })
    await runExperiment(jumping, config, { cold: true })
    assert.deepEqual(resultOf(place, config), expected)
    assert.deepEqual(pointsOf(place, config.name, { from: -1, to: 4 }), points)
  })
})

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Nothing is sampled yet.
    return []
  }
}
