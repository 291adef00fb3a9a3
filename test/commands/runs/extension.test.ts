/** Further steps for a run: the bits of one that had them from the start, whatever interrupts the command; and what is refused. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { armFailPoints } from '../../../activities/fail-points/fail-point.js'
import { extensionsOf, originalKey } from '../../../activities/store/runs/provenance.js'
import { readConfig, readPlan } from '../../../activities/store/runs/runs.js'
import { workplace } from '../../../activities/workplace.js'
import { extendedPlan, extendRun, extensionNotes } from '../../../commands/runs/extension.js'
import { unsoundExperiments } from '../../../commands/runs/go-on.js'
import { lookAtRun } from '../../../commands/runs/run-status.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { experimentKey } from '../../../pipelines/config/digest.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { resultOf } from '../../activities/driver.js'
import { tinyConfig, tinySweep } from '../../workflows/tiny.js'

/** Evaluated and kept after every second step; the journal is trimmed, so that only the checkpoint leads on. */
const configOf = (steps: number, update: Partial<ExperimentConfig['update']> = {}) =>
  tinyConfig('extended', {
    steps,

    update,
    evaluation: { every: 2 },
    checkpoint: { everySteps: 2, keep: 1, trimJournal: true },
    durability: { stepsPerActivity: 2 },
  })

const homes: string[] = []
function newHome(from?: string): string {
  const home = mkdtempSync(join(tmpdir(), 'rlev-extension-'))
  homes.push(home)
  if (from !== undefined) cpSync(from, home, { recursive: true })
  return home
}
after(() => {
  armFailPoints(undefined)
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

let short: string
let long: ReturnType<typeof resultOf>
before(async () => {
  short = newHome()
  await runInProcess({ home: short, config: configOf(4) })
  const home = newHome()
  await runInProcess({ home, config: configOf(8) })
  long = resultOf(workplace(home), configOf(8))
})

function extend(home: string, steps: number): void {
  const plan = readPlan(home, 'extended')
  extendRun(home, plan, extendedPlan(plan, steps))
}

/** As the workflow would go on, with a worker that comes up cold. */
async function goOn(home: string, steps: number) {
  await runInProcess({ home, config: readConfig(home, 'extended') })
  return resultOf(workplace(home), configOf(steps))
}

describe('an extended run', () => {
  test('has weights, moments, metrics and evaluations of a run that had the steps from the start', async () => {
    const home = newHome(short)
    extend(home, 8)
    assert.deepEqual(readPlan(home, 'extended'), { ...readPlan(short, 'extended'), config: configOf(8) })
    assert.deepEqual(await goOn(home, 8), long)
    assert.deepEqual((await examineRun(home, 'extended')).findings, [])
    assert.deepEqual(extensionsOf(home, 'extended'), ['extended from 4 to 8 steps'])
    // Its files carry the key that it began with.
    assert.equal(originalKey(home, 'extended', readConfig(home, 'extended')), experimentKey(configOf(4)))
  })

  test('can be extended again, and interrupted in its further steps', async () => {
    const home = newHome(short)
    extend(home, 6)
    let stages = 0
    const interrupted = runInProcess({
      home,
      config: configOf(6),
      before: () => {
        if (++stages > 8) throw new Error('the machine is switched off')
      },
    })
    await assert.rejects(interrupted, /switched off/)
    await goOn(home, 6)
    extend(home, 8)
    assert.deepEqual(await goOn(home, 8), long)
    assert.deepEqual(extensionsOf(home, 'extended'), ['extended from 4 to 6 steps', 'extended from 6 to 8 steps'])
    assert.deepEqual((await examineRun(home, 'extended')).findings, [])
  })

  for (const point of ['extend.noted', 'extend.configs', 'extend.plan', 'file.written', 'file.named']) {
    test(`is made by the same call after one that died at ${point}`, async () => {
      const home = newHome(short)
      armFailPoints(`${point}:1:throw`)
      assert.throws(() => extend(home, 8), /armed to throw/)
      armFailPoints(undefined)
      // Until then it is the run of 4 steps, or one that goes on to 8 by itself.
      const { state } = await lookAtRun({ path: home }, 'extended')
      const { steps } = configOf((readPlan(home, 'extended') as { config: ExperimentConfig }).config.steps)
      assert.equal(state, steps === 4 ? 'done' : 'waiting')
      assert.deepEqual(unsoundExperiments({ path: home }, 'extended'), steps === 4 ? [] : ['extended'])
      if (steps === 4) extend(home, 8)
      assert.deepEqual(await goOn(home, 8), long)
      assert.deepEqual(extensionsOf(home, 'extended'), ['extended from 4 to 8 steps'])
      assert.deepEqual((await examineRun(home, 'extended')).findings, [])
    })
  }

  test('is told as one with steps to make until it has made them', async () => {
    const home = newHome(short)
    extend(home, 8)
    const { experiments } = await lookAtRun({ path: home }, 'extended')
    assert.deepEqual(
      experiments.map(({ step, steps }) => ({ step, steps })),
      [{ step: 4, steps: 8 }],
    )
  })
})

describe('an extension', () => {
  const planOf = (config: ExperimentConfig) => ({ kind: 'experiment' as const, name: 'extended', config, warnings: [] })

  test('that would have changed a step that is made is refused, with the step and the key', () => {
    const schedule = { kind: 'linear' as const, warmup: 0, floor: 0.1, steps: null }
    assert.throws(
      () => extendedPlan(planOf(configOf(4, { schedule })), 8),
      /a schedule depends on the number of steps.*update\.learningRate = .*update\.schedule\.steps.*rlev clone/s,
    )
    const own = { ...schedule, steps: 4 }
    assert.equal(extendedPlan(planOf(configOf(4, { schedule: own })), 8).kind, 'experiment')
    // The rate would be 0 from there on.
    const plan = planOf(configOf(4, { schedule: { ...own, floor: 0 } }))
    assert.throws(() => extendedPlan(plan, 8), /with 8 steps, the learning rate is 0 from step 5 on/)
  })

  test('to fewer steps, of an evaluation, or of arms of different lengths is refused', () => {
    assert.throws(() => extendedPlan(planOf(configOf(4)), 3), /extended, not shortened.*more than 4 steps/s)
    assert.throws(() => extendedPlan(planOf(configOf(0)), 4), /an evaluation trains nothing/)
    const arms = tinySweep('arms', { a: { steps: 4 }, b: { steps: 6 } })
    assert.throws(() => extendedPlan(arms, 8), /different numbers of steps.*a: 4, b: 6/s)
    const equal = extendedPlan(tinySweep('arms', { a: { steps: 4 }, b: { steps: 4 } }), 8)
    assert.deepEqual(equal.kind === 'sweep' && equal.arms.map(({ config }) => config.steps), [8, 8])
  })

  test('says where an evaluation stays that a longer run would not have', () => {
    const notes = (before: number, after: number) => extensionNotes(planOf(configOf(before)), planOf(configOf(after)))
    assert.deepEqual(notes(4, 8), [])
    assert.match(notes(3, 8).join(), /The evaluation after step 3 stays, which a run of 8 steps would not have/)
  })
})
