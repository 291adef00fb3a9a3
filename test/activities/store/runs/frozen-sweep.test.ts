/** A sweep by name and digest: its outline and the configs of its experiments come from the plan in the home. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { ioActivities } from '../../../../activities/io-activities.js'
import { experimentPaths, planPaths, runFolder } from '../../../../activities/store/runs/run-folder.js'
import { readConfig } from '../../../../activities/store/runs/runs.js'
import { type Workplace, workplace } from '../../../../activities/workplace.js'
import { freezePlan } from '../../../../commands/runs/frozen-plan.js'
import { planDigest } from '../../../../pipelines/config/digest.js'
import { tinySweep } from '../../../workflows/tiny.js'
import { runStage } from '../../driver.js'

let place: Workplace
beforeEach(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-frozen-sweep-')))
})
afterEach(() => rmSync(place.home, { recursive: true, force: true }))

const plan = tinySweep('pair', { a: { steps: 3 }, b: { steps: 4 } }, { seeds: [1, 2], onFailure: 'stop' })
const reference = { name: 'pair', digest: planDigest(plan) }
const freeze = (input: Parameters<ReturnType<typeof ioActivities>['freezeRun']>[0]) =>
  runStage(ioActivities(place).freezeRun, input)

test('the sweep gets names and numbers, and no config', async () => {
  freezePlan(place.home, plan, 'pair.yaml')
  const frozen = await freeze({ sweep: { ...reference, withCells: true } })
  assert.deepEqual(frozen.outline, {
    settings: { baseline: 'a', concurrency: 2, onFailure: 'stop' },
    arms: ['a', 'b'],
    cells: 4,
    durability: { heartbeatTimeout: 3 },
  })
  assert.deepEqual(
    frozen.cells?.map(({ arm, seed, steps, evaluations }) => [arm, seed, steps, evaluations]),
    [
      ['a', 1, 3, 2],
      ['a', 2, 3, 2],
      ['b', 1, 4, 3],
      ['b', 2, 4, 3],
    ],
  )
  assert.equal((await freeze({ sweep: { ...reference, withCells: false } })).cells, undefined)
})

test('an experiment gets its config, which is kept with it', async () => {
  freezePlan(place.home, plan, 'pair.yaml')
  const id = 'pair/b/seed-2'
  const { config } = await freeze({ cell: { id, sweep: reference } })
  assert.deepEqual([config?.steps, config?.seed], [4, 2])
  assert.deepEqual(readConfig(place.home, id), config)
  await assert.rejects(freeze({ cell: { id: 'pair/c/seed-2', sweep: reference } }), { type: 'NotFound' })
})

test('a plan that is another one by now is refused, and nothing is stored', async () => {
  freezePlan(place.home, plan, 'pair.yaml')
  const other = { name: 'pair', digest: '0'.repeat(64) }
  for (const input of [{ sweep: { ...other, withCells: true } }, { cell: { id: 'pair/a/seed-1', sweep: other } }])
    await assert.rejects(freeze(input), { type: 'ConfigInvalid', nonRetryable: true })
  assert.equal(existsSync(experimentPaths.config(runFolder(place.home, 'pair/a/seed-1'))), false)
})

test('a damaged plan is refused', async () => {
  freezePlan(place.home, plan, 'pair.yaml')
  writeFileSync(planPaths.plan(runFolder(place.home, 'pair')), '{}')
  const reader = workplace(place.home)
  const input = { sweep: { ...reference, digest: 'e'.repeat(64), withCells: true } }
  await assert.rejects(runStage(ioActivities(reader).freezeRun, input), { type: 'ArtifactDamaged' })
})
