/** `rlev verify` on a run that was made by the stages: what it says of a sound one, and what it does not accuse. */
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepConfig, keepPlan } from '../../../activities/store/runs/runs.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { ranges } from '../../../commands/verify/finding.js'
import { tinyConfig, tinySweep } from '../../workflows/tiny.js'
import { callHere } from '../call-here.js'
import { checkpoint, folder, home, inACopy, makeRun, unfinished, whole } from './sound-run.js'

before(makeRun)

describe('a run that is whole', () => {
  it('is sound, with a count of what was checked, and exit status 0', async () => {
    const { status, out, err } = await callHere('verify', 'sound', '--home', whole)
    assert.equal(status, 0, `${out}${err}`)
    assert.match(out, /^sound is sound: \d+ files, \d+\.\d MB \(done\)$/m)
  })

  it('is sound as JSON, every file counted that it consists of', async () => {
    const { out } = await callHere('verify', 'sound', '--json', '--home', whole)
    const { sound, findings, files, bytes, experiments } = JSON.parse(out)
    assert.deepEqual([sound, findings, experiments], [true, [], { all: 1, begun: 1, done: 1 }])
    // 4 steps of 3 entries, 3 evaluations of 2 files, 2 checkpoints of 6 or more files, and the store.
    assert.ok(files > 12 + 6 + 12 + 5, `${files}`)
    assert.ok(bytes > 50_000, `${bytes}`)
  })
})

describe('a run at work', () => {
  it('is not accused of what a living process makes, nor of what comes next at its head', async () => {
    await inACopy(async () => {
      rmSync(experimentPaths.result(folder))
      rmSync(experimentPaths.metrics(folder, 4))
      rmSync(experimentPaths.evaluation(folder, 4))
      rmSync(experimentPaths.evaluationItems(folder, 4))
      rmSync(checkpoint(4), { recursive: true })
      unfinished({ dead: false, old: true })
      unfinished({ dead: true, old: false })
      assert.deepEqual((await examineRun(home, 'sound')).findings, [])
    })
  })

  it('is not accused of what is there again when one looks twice', async () => {
    await inACopy(async () => {
      const path = experimentPaths.metrics(folder, 2)
      renameSync(path, `${path}.away`)
      const examined = examineRun(home, 'sound')
      renameSync(`${path}.away`, path)
      assert.deepEqual((await examined).findings, [])
    })
  })

  it('that has only begun is sound', async () => {
    await inACopy(async () => {
      for (const name of ['rollouts', 'records', 'metrics', 'evaluations', 'checkpoints', 'references', 'report']) {
        rmSync(join(folder, name), { recursive: true })
      }
      rmSync(experimentPaths.result(folder))
      const { findings, experiments } = await examineRun(home, 'sound')
      assert.deepEqual([findings, experiments], [[], { all: 1, begun: 1, done: 0 }])
    })
  })
})

describe('a sweep', () => {
  it('has experiments that were not begun, and may have no arm or seed that its plan does not know', async () => {
    const home = mkdtempSync(join(tmpdir(), 'rlev-verify-'))
    try {
      const plan = tinySweep('pair', { one: {}, other: { reward: { scale: 'correctness' } } }, { seeds: [1, 2] })
      keepPlan(home, plan)
      keepConfig(home, 'pair/one/seed-1', tinyConfig('pair', { seed: 1 }))
      const { findings, experiments } = await examineRun(home, 'pair')
      assert.deepEqual([findings, experiments], [[], { all: 4, begun: 1, done: 0 }])

      const strays = ['third', 'one/seed-9', 'one/seed-1/notes.txt', 'other/seed-2/metrics/step-1.json']
      const places = strays.map(path => join(runFolder(home, 'pair'), path))
      for (const place of places) mkdirSync(place, { recursive: true })
      assert.deepEqual((await examineRun(home, 'pair')).findings.map(({ place }) => place).sort(), places.sort())
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})

describe('a call that is wrong', () => {
  it('has exit status 2: an invalid name, and one that no run has', async () => {
    const outside = await callHere('verify', '../elsewhere', '--home', whole)
    assert.equal(outside.status, 2)
    const unknown = await callHere('verify', 'sond', '--home', whole)
    assert.equal(unknown.status, 2)
    assert.match(unknown.err, /did you mean sound\?/)
    assert.ok(existsSync(whole))
  })

  it('has exit status 1 where the plan itself is damaged', async () => {
    await inACopy(async () => {
      appendFileSync(join(folder, 'plan.json'), ' ')
      const { status, err } = await callHere('verify', 'sound', '--home', home)
      assert.equal(status, 1)
      assert.match(err, /plan\.json: the file is not what was written/)
    })
  })
})

it('steps are told as ranges', () => {
  assert.equal(ranges([9, 3, 5, 6, 7]), '3, 5-7, 9')
  assert.equal(ranges([4]), '4')
})
