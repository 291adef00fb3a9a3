/** What training deletes while it runs, and that nothing of it is missed: by the stages themselves, and by `verify`. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ioActivities } from '../../../activities/io-activities.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readEvaluations, readMetrics } from '../../../activities/store/runs/runs.js'
import { workplace } from '../../../activities/workplace.js'
import { examineRun } from '../../../commands/verify/examine.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { differencesOf, outcomeOf } from '../../../scripts/drill/outcome.js'
import { tinyConfig } from '../../workflows/tiny.js'
import { runStage } from '../driver.js'

const shape = { steps: 8, evaluation: { every: 2 }, durability: { stepsPerActivity: 2 } }
const config: ExperimentConfig = tinyConfig('kept', {
  ...shape,
  checkpoint: { everySteps: 2, keep: 1, best: 'expected-acc', trimJournal: true },
})

let home: string
before(async () => {
  home = mkdtempSync(join(tmpdir(), 'rlev-retention-'))
  await runInProcess({ home, config })
})
after(() => rmSync(home, { recursive: true, force: true }))

const namesOf = (kind: string, of = home) => readdirSync(join(runFolder(of, 'kept'), kind)).sort()

async function inACopy(work: (copy: string) => Promise<void>): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'rlev-retention-'))
  try {
    cpSync(home, copy, { recursive: true })
    await work(copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

describe('a run that keeps little', () => {
  it('has the newest checkpoints and the best evaluated one', () => {
    const evaluated = readEvaluations(home, 'kept').filter(({ evaluation: { step } }) => step > 0 && step < 8)
    const best = evaluated.reduce((a, b) => (b.evaluation.expected.acc > a.evaluation.expected.acc ? b : a)).evaluation
      .step
    const expected = [...new Set([best, 6, 8])].map(step => `step-00000${step}`)
    assert.deepEqual(namesOf('checkpoints'), expected.sort())
  })

  it('has responses and records only behind the oldest of the newest, and the metrics of every step', () => {
    for (const kind of ['rollouts', 'records'])
      assert.deepEqual(namesOf(kind), ['step-000007.json', 'step-000008.json'])
    assert.deepEqual(
      readMetrics(home, 'kept').map(({ step }) => step),
      [1, 2, 3, 4, 5, 6, 7, 8],
    )
  })

  it('is sound: what was deleted on purpose is not missed', async () => {
    assert.deepEqual((await examineRun(home, 'kept')).findings, [])
  })

  it('misses what was deleted otherwise', async () => {
    await inACopy(async copy => {
      rmSync(experimentPaths.records(runFolder(copy, 'kept'), 7))
      const { findings } = await examineRun(copy, 'kept')
      assert.deepEqual(
        findings.map(({ message, found }) => [message, found]),
        [['the records of a step are missing', 'all but 7']],
      )
    })
  })

  it('no longer knows how many responses of a trimmed step were unscored', async () => {
    await inACopy(async copy => {
      const trimmed = { uri: 'not read', sha256: '', bytes: 0, kind: 'data' }
      const stages = { data: trimmed, values: trimmed, rewardValues: trimmed, start: trimmed }
      const { scaleRewards } = ioActivities(workplace(copy))
      const { reward, unscored } = await runStage(scaleRewards, { run: 'kept', stages, step: 1 })
      assert.equal(unscored, null)
      assert.equal(reward, readMetrics(copy, 'kept', { from: 1, to: 1 })[0]?.values['reward/mean'])
    })
  })

  it('comes to the same bits as one that keeps everything', async () => {
    const roomy = mkdtempSync(join(tmpdir(), 'rlev-retention-'))
    try {
      await runInProcess({
        home: roomy,
        config: { ...config, checkpoint: { ...config.checkpoint, keep: 9, best: null, trimJournal: false } },
      })
      assert.deepEqual(differencesOf('kept', outcomeOf(roomy, 'kept', 8), outcomeOf(home, 'kept', 8)), [])
    } finally {
      rmSync(roomy, { recursive: true, force: true })
    }
  })

  it('goes on to the same bits when its last checkpoint and metrics of trimmed steps were damaged', async () => {
    await inACopy(async copy => {
      const folder = runFolder(copy, 'kept')
      writeFileSync(join(experimentPaths.checkpoints(folder), 'step-000008', 'model.safetensors'), '')
      // Of step 6 the checkpoint is whole, and of step 3 nothing but the metrics was left.
      for (const step of [3, 6]) writeFileSync(experimentPaths.metrics(folder, step), '')
      const rollouts = namesOf('rollouts', copy)
      await runInProcess({
        home: copy,
        config: { ...config, durability: { ...config.durability, stepsPerActivity: 1 } },
      })
      assert.ok(!rollouts.includes('step-000001.json'))
      assert.ok(
        !namesOf('rollouts', copy).includes('step-000001.json'),
        'what was trimmed and is not needed is not sampled again',
      )
      assert.deepEqual(differencesOf('mended', outcomeOf(home, 'kept', 8), outcomeOf(copy, 'kept', 8)), [])
    })
  })
})
