/** Names, references and links that lead out of a home: refused by commands, by stages and by services. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { ioActivities } from '../../activities/io-activities.js'
import { readFolder } from '../../activities/store/folder.js'
import { insideHome } from '../../activities/store/inside-home.js'
import { runFolder } from '../../activities/store/runs/run-folder.js'
import { listRuns } from '../../activities/store/runs/runs.js'
import { seal } from '../../activities/store/sealed.js'
import { Store } from '../../activities/store/store.js'
import { workplace } from '../../activities/workplace.js'
import { freezePlan } from '../../commands/runs/frozen-plan.js'
import { ensureUp } from '../../commands/services/up.js'
import { RlevError } from '../../pipelines/errors.js'
import { callHere } from '../commands/call-here.js'
import { experimentPlan } from '../commands/plans.js'
import { tinyConfig } from '../workflows/tiny.js'

const refused =
  (kind: string, says = /./) =>
  (error: unknown) =>
    ((error instanceof RlevError && error.kind === kind) || (error as { type?: string }).type === kind) &&
    says.test((error as Error).message)

const hostile = [
  '..',
  '../x',
  'a/../../b',
  '/etc',
  'a//b',
  '',
  'a/',
  'a\0b',
  '.hidden',
  'a\\..\\b',
  'a\nb',
  'a\u001b[2J',
  'a/b/c/d',
  'x'.repeat(65),
  'x/'.repeat(100_000),
  '%2e%2e',
  '~',
  '$HOME',
]

let parent: string
let home: string
let outside: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'rlev-names-'))
  home = join(parent, 'home')
  outside = join(parent, 'outside')
  mkdirSync(join(home, 'runs'), { recursive: true })
  mkdirSync(outside)
})
afterEach(() => {
  assert.deepEqual(readdirSync(parent).sort(), ['home', 'outside'])
  rmSync(parent, { recursive: true, force: true })
})

describe('an id that leads out of the home', () => {
  it('is no folder of a run', () => {
    for (const id of hostile)
      assert.throws(() => runFolder(home, id), refused('CallInvalid'), JSON.stringify(id.slice(0, 20)))
  })

  it('is refused by every stage, no matter what started the workflow', async () => {
    const activities = ioActivities(workplace(home))
    const ref = { uri: '../outside', sha256: '0'.repeat(64), bytes: 1, kind: 'data' }
    const stages = { data: ref, values: ref, rewardValues: ref, start: ref }
    const config = tinyConfig('tiny')
    for (const run of ['../outside', '/etc', 'a/../../outside']) {
      const calls = [
        () => activities.freezeRun({ experiment: { id: run, config } }),
        () => activities.freezeRun({ plan: { kind: 'experiment', name: run, config, warnings: [] } }),
        () => activities.prepareData({ run }),
        () => activities.normalizeValues({ run, data: ref }),
        () => activities.ablateValues({ run, values: ref }),
        () => activities.scaleRewards({ run, stages, step: 1 }),
        () => activities.recordResult({ run, state: 'done', step: 1 }),
        () => activities.publishReport({ name: run }),
        () => activities.openTracking({ subject: { kind: 'sweep', name: run } }),
        () =>
          activities.closeTracking({
            subject: { kind: 'sweep', name: run },
            status: 'FAILED',
            trackedStep: 0,
            endTime: 0,
          }),
      ]
      for (const stage of calls) {
        await assert.rejects(new MockActivityEnvironment().run(stage), refused('CallInvalid'), String(stage))
      }
    }
    assert.deepEqual(readdirSync(outside), [])
  })

  it('is refused in a config that a workflow was started with by hand', async () => {
    const { freezeRun } = ioActivities(workplace(home))
    const config = tinyConfig('tiny')
    for (const wrong of [
      { ...config, name: '../x' },
      { ...config, steps: -1 },
      { ...config, token: 'x' },
    ]) {
      const stage = () => freezeRun({ experiment: { id: 'tiny', config: wrong } })
      await assert.rejects(new MockActivityEnvironment().run(stage), refused('ConfigInvalid'))
    }
    assert.deepEqual(readdirSync(join(home, 'runs')), [])
  })
})

describe('a reference that leads out of the home', () => {
  it('is not followed', () => {
    writeFileSync(join(outside, 'data.json'), '1')
    const store = new Store(home)
    for (const uri of [
      '../outside',
      '/etc',
      'store/../../outside',
      'store//data',
      '',
      'a\0b',
      '.',
      'store/./x',
      'x/'.repeat(40),
    ]) {
      assert.throws(() => store.path({ uri }), refused('CallInvalid'), JSON.stringify(uri))
    }
    const path = join(home, 'store', 'data', 'ab')
    assert.equal(store.path({ uri: 'store/data/ab' }), path)
  })

  it('is not followed in the manifest of a folder either', () => {
    const folder = join(home, 'store', 'data', 'ab')
    mkdirSync(folder, { recursive: true })
    for (const name of ['../../../../outside/secret', '/etc/passwd', '..']) {
      writeFileSync(
        join(folder, 'manifest.json'),
        seal({ form: 1, about: {}, files: { [name]: { sha256: '', bytes: 0 } } }),
      )
      assert.throws(() => readFolder(folder), refused('ArtifactDamaged', /names of files in it/))
    }
  })
})

describe('a link that leads out of the home', () => {
  it('is not followed, wherever it lies', async () => {
    symlinkSync(outside, join(home, 'runs', 'linked'))
    assert.throws(() => runFolder(home, 'linked'), refused('CallInvalid', /leads out of it[\s\S]*outside/))
    assert.throws(() => runFolder(home, 'linked/arm/seed-1'), refused('CallInvalid'))

    mkdirSync(join(home, 'runs', 'inner'))
    symlinkSync('../../../outside', join(home, 'runs', 'inner', 'metrics'))
    assert.throws(() => runFolder(home, 'inner'), refused('CallInvalid'))

    symlinkSync(join(outside, 'not-there'), join(home, 'runs', 'dangling'))
    assert.throws(() => runFolder(home, 'dangling'), refused('CallInvalid', /leads to nothing/))

    symlinkSync(join(home, 'runs', 'round'), join(home, 'runs', 'round'))
    assert.throws(() => runFolder(home, 'round'), refused('CallInvalid'))

    symlinkSync(outside, join(home, 'store'))
    const once = new Store(home).once({ kind: 'data', from: 1, fill: async () => {} })
    await assert.rejects(once, refused('CallInvalid'))
    assert.deepEqual(readdirSync(outside), [])
  })

  it('keeps services from starting, before one writes through it', async () => {
    symlinkSync(outside, join(home, 'logs'))
    await assert.rejects(
      ensureUp({ path: home }, { report: () => {}, only: 'servers' }),
      refused('CallInvalid', /logs/),
    )
    assert.deepEqual(readdirSync(outside), [])
  })

  it('is told from one that stays inside, and from a home that is a link itself', () => {
    mkdirSync(join(home, 'runs', 'real'))
    symlinkSync('real', join(home, 'runs', 'also'))
    assert.equal(runFolder(home, 'also'), join(home, 'runs', 'also'))
    symlinkSync(home, join(outside, 'home'))
    assert.equal(runFolder(join(outside, 'home'), 'also'), join(outside, 'home', 'runs', 'also'))
    assert.throws(() => insideHome(home, outside), refused('CallInvalid'))
    rmSync(join(outside, 'home'))
  })
})

describe('the command', () => {
  it('refuses such names before it does anything', async () => {
    freezePlan(home, experimentPlan('smoke'), 'smoke.yaml')
    symlinkSync(outside, join(home, 'runs', 'linked'))
    writeFileSync(join(outside, 'plan.json'), '{}')
    const calls = [
      ['status', '../../outside'],
      ['report', '/etc'],
      ['pause', 'a/../../b'],
      ['compare', 'smoke', '..'],
      ['watch', 'a\u001b[2J'],
      ['run', 'configs/smoke.yaml', '--name', '../../outside'],
      ['report', 'linked'],
    ]
    for (const words of calls) {
      const { status, err } = await callHere(...words, '--home', home)
      assert.equal(status, 2, `${words.join(' ')}: ${err}`)
      assert.match(err, /expected:/)
      assert.doesNotMatch(err, /(?!\n)\p{Cc}/u)
    }
    assert.deepEqual(readdirSync(outside), ['plan.json'])
    assert.ok(!existsSync(join(home, 'services.json')))
  })

  it('lists no folder that no run could have made', async () => {
    freezePlan(home, experimentPlan('smoke'), 'smoke.yaml')
    mkdirSync(join(home, 'runs', 'x\u001b[2J'))
    writeFileSync(join(home, 'runs', 'x\u001b[2J', 'plan.json'), '{}')
    assert.deepEqual(listRuns(home), ['smoke'])
    const { status, out } = await callHere('status', '--home', home)
    assert.equal(status, 0)
    assert.doesNotMatch(out, /(?!\n)\p{Cc}/u)
  })
})
