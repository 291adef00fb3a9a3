/** Dynamic sampling in a run: the same bits wherever it is interrupted, rounds that are kept, and what its metrics say. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readMetrics } from '../../activities/store/runs/runs.js'
import { unseal } from '../../activities/store/sealed.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import type { Round } from '../../pipelines/rollout/dynamic-sampling.js'
import type { Rollout } from '../../pipelines/rollout/response.js'
import { tinyConfig } from '../workflows/tiny.js'
import { resultOf, runCancelled, runExperiment } from './driver.js'

let place: Workplace
before(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-dynamic-')))
})
after(() => rmSync(place.home, { recursive: true, force: true }))

const shape = {
  data: { testItemsPerSection: 2 },
  steps: 4,
  evaluation: { every: 4 },
  rollout: { dynamicSampling: { rounds: 3 } },
} as const
const inOneGo = { checkpoint: { everySteps: 100 }, durability: { stepsPerActivity: 100 } }
const cut = { checkpoint: { everySteps: 1 }, durability: { stepsPerActivity: 1 } }

const roundsOf = (run: string): string[] => {
  const folder = join(runFolder(place.home, run), 'rounds')
  return existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []
}

describe('dynamic sampling', () => {
  it('replaces prompts without a signal, counts what it drew, and leaves no rounds behind', async () => {
    const config = tinyConfig('whole', { ...shape, ...inOneGo })
    await runExperiment(place, config)
    const metrics = readMetrics(place.home, 'whole').map(({ values }) => values)
    const sum = (key: string) => metrics.reduce((total, values) => total + (values[key] ?? Number.NaN), 0)
    assert.ok(sum('dynamic/replaced') > 0)
    assert.ok(sum('dynamic/rounds') > 0)
    for (const values of metrics) {
      const { 'groups/degenerate': degenerate, 'dynamic/left': left, 'dynamic/prompts': prompts = 0 } = values
      assert.equal((degenerate as number) * config.rollout.prompts, left)
      assert.ok(prompts >= 4 && prompts <= 16)
    }
    assert.deepEqual(roundsOf('whole'), [])

    const plain = tinyConfig('plain', { ...shape, ...inOneGo, rollout: { dynamicSampling: null } })
    await runExperiment(place, plain)
    const degenerate = (run: string) =>
      readMetrics(place.home, run).reduce((total, { values }) => total + (values['groups/degenerate'] ?? 0), 0)
    assert.ok(degenerate('whole') < degenerate('plain'))
    // The first prompts of the first step are those of a run without the option.
    const rolloutOf = (run: string) => {
      const path = experimentPaths.rollout(runFolder(place.home, run), 1)
      return unseal<Rollout>(readFileSync(path), path)
    }
    const [dynamic, static_] = [rolloutOf('whole'), rolloutOf('plain')]
    const same = dynamic.prompts.filter((id, index) => id === static_.prompts[index])
    assert.equal(same.length, 4 - (dynamic.dynamic?.replaced ?? 0))
  })

  it('is the same bits in one activity and in separate ones, each on a worker that has just come up', async () => {
    const expected = resultOf(place, tinyConfig('whole', { ...shape, ...inOneGo }))
    const config = tinyConfig('cut', { ...shape, ...cut })
    await runExperiment(place, config, { cold: true })
    assert.deepEqual(resultOf(place, config), expected)
  })

  it('is the same bits with stops, a mask and a penalty of long responses and several updates a step', async () => {
    const together = {
      ...shape,
      rollout: {
        maxTokens: 5,
        dynamicSampling: { rounds: 2 },
        stop: { strings: ['11'], tokens: ['3'], keepText: false },
      },
      overlong: { mask: true, buffer: 3, factor: 0.5 },
      kl: { place: 'loss', estimator: 'k3', coefficient: 0.01 },
      update: { ppo: { minibatches: 2, epochs: 2 } },
    } as unknown as Parameters<typeof tinyConfig>[1]
    const whole = tinyConfig('together', { ...together, ...inOneGo })
    await runExperiment(place, whole)
    const metrics = readMetrics(place.home, 'together').map(({ values }) => values)
    for (const key of ['rollout/stopped', 'overlong/masked', 'overlong/penalty_mean', 'dynamic/replaced', 'kl/k3']) {
      assert.ok(
        metrics.some(values => (values[key] ?? 0) > 0),
        key,
      )
    }
    const config = tinyConfig('together-cut', { ...together, ...cut })
    await runExperiment(place, config, { cold: true })
    assert.deepEqual(resultOf(place, config), resultOf(place, whole))
  })

  it('cancelled after 1, 2, 3, ... ticks, is the same bits, and takes up the rounds that are kept', async () => {
    const config = tinyConfig('broken', { ...shape, ...inOneGo })
    const run = config.name
    const path = (step: number) => experimentPaths.rounds(runFolder(place.home, run), step)
    let between = 0
    const before = new Map<number, readonly Round[]>()
    const keepsRounds = () => {
      for (let step = 1; step <= 4; step++) {
        if (!existsSync(path(step))) continue
        const rounds = unseal<readonly Round[]>(readFileSync(path(step)), path(step))
        if (before.get(step) !== undefined)
          assert.deepEqual(rounds.slice(0, before.get(step)?.length), before.get(step))
        before.set(step, rounds)
        between++
      }
    }
    const cancellations = await runCancelled(place, config, { cold: () => true, onCancelled: keepsRounds })
    assert.ok(cancellations >= 8, `${cancellations} cancellations`)
    assert.ok(between > 0, 'it was interrupted between two rounds')
    assert.deepEqual(resultOf(place, config), resultOf(place, tinyConfig('whole', { ...shape, ...inOneGo })))
    assert.deepEqual(roundsOf(run), [])
  })
})
