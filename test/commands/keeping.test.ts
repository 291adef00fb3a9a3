/** `rlev list`, `delete` and `gc` on a home whose runs were made by the stages, without a service. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { bytesUnder } from '../../activities/store/disk-use.js'
import { readReferences } from '../../activities/store/references.js'
import { planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { keepPlan } from '../../activities/store/runs/runs.js'
import { Store } from '../../activities/store/store.js'
import { temporaryPrefix } from '../../activities/store/temporary-names.js'
import { buildFolder } from '../../commands/services/project.js'
import { examineRun } from '../../commands/verify/examine.js'
import { runInProcess } from '../../scripts/drill/in-process.js'
import { shortest, tinyConfig } from '../workflows/tiny.js'
import { callHere } from './call-here.js'

const configOf = (name: string, seed: number) => tinyConfig(name, { ...shortest, seed, warmStart: { steps: 2 } })

let whole: string
let home: string
before(async () => {
  whole = mkdtempSync(join(tmpdir(), 'rlev-keeping-'))
  await runInProcess({ home: whole, config: configOf('one', 1) })
  await runInProcess({ home: whole, config: configOf('same-start', 1) })
  await runInProcess({ home: whole, config: configOf('other', 2) })
})
after(() => rmSync(whole, { recursive: true, force: true }))

beforeEach(() => {
  if (home !== undefined) rmSync(home, { recursive: true, force: true })
  home = mkdtempSync(join(tmpdir(), 'rlev-keeping-'))
  cpSync(whole, home, { recursive: true })
  old(join(home, 'store'))
})
after(() => rmSync(home, { recursive: true, force: true }))

const rlev = (...words: string[]) => callHere(...words, '--home', home)

async function json(...words: string[]) {
  const { status, out, err } = await rlev(...words, '--json')
  assert.equal(status, 0, err)
  return JSON.parse(out)
}

/** The command in a process that is killed at a fail point. */
function killedAt(point: string, ...words: string[]): void {
  const program = join(buildFolder, 'commands', 'main.js')
  const env = { ...process.env, RLEV_FAILPOINT: `${point}:1:kill` }
  const { signal, stderr } = spawnSync(process.execPath, [program, ...words, '--home', home], { env, encoding: 'utf8' })
  assert.equal(signal, 'SIGKILL', stderr)
}

const outputsOf = (run: string) => [...readReferences(runFolder(home, run)).values()].map(({ uri }) => join(home, uri))

describe('list', () => {
  test('has every run with its steps and what it takes on the disk', async () => {
    const { runs, storeBytes } = await json('list')
    assert.deepEqual(runs.map(({ name }: { name: string }) => name).sort(), ['one', 'other', 'same-start'])
    for (const run of runs) {
      const { name, kind, state, steps, arms, experiments, bytes, sharedBytes } = run
      assert.deepEqual(
        { kind, state, steps, arms, experiments },
        {
          kind: 'experiment',
          state: 'done',
          steps: { done: 2, of: 2 },
          arms: 1,
          experiments: { done: 1, of: 1 },
        },
      )
      assert.equal(bytes, bytesUnder(runFolder(home, name)))
      assert.equal(sharedBytes, bytesUnder(...new Set(outputsOf(name))))
    }
    assert.equal(storeBytes, bytesUnder(join(home, 'store')))
    const { out } = await rlev('list')
    assert.match(out, /^name +kind +state +steps +arms +done +disk +shared +started$/m)
    assert.match(out, /^one +experiment +done +2\/2 +1 +1\/1 +[\d.]+ [kM]B +[\d.]+ [kM]B +\d{4}-/m)
    assert.match(out, /^3 runs take [\d.]+ [kM]B, and what they share [\d.]+ [kM]B, in /m)
  })

  test('tells a run whose plan is damaged, and lists the others', async () => {
    writeFileSync(planPaths.plan(runFolder(home, 'one')), '{}')
    const { runs } = await json('list')
    assert.equal(runs.find(({ name }: { name: string }) => name === 'one').state, 'damaged')
    assert.equal(runs.length, 3)
  })
})

describe('delete', () => {
  test('must be confirmed, and needs the services unless only files are to go', async () => {
    const asked = await rlev('delete', 'one', '--files-only')
    assert.equal(asked.status, 2)
    assert.match(asked.err, /must be confirmed.*--yes/s)
    const served = await rlev('delete', 'one', '--yes')
    assert.equal(served.status, 1)
    assert.match(served.err, /no answer of Temporal and MLflow.*rlev up.*--files-only/s)
    assert.equal((await rlev('verify', 'one')).status, 0)
  })

  test('removes the run and nothing of the others', async () => {
    const before = bytesUnder(runFolder(home, 'one'))
    const { status, out } = await rlev('delete', 'one', '--yes', '--files-only')
    assert.equal(status, 0)
    assert.match(out, /one is deleted: [\d.]+ [kM]B/)
    assert.ok(before > 0 && !existsSync(runFolder(home, 'one')))
    assert.deepEqual(readdirSync(join(home, 'runs')), ['other', 'same-start'])
    for (const name of ['same-start', 'other']) assert.deepEqual((await examineRun(home, name)).findings, [])
    assert.equal((await rlev('delete', 'one', '--yes', '--files-only')).status, 2)
  })

  test('refuses a run that may go on, and one whose checkpoint another run is to start from', async () => {
    keepPlan(home, { kind: 'experiment', name: 'begun', config: configOf('begun', 3), warnings: [] })
    const refused = await rlev('delete', 'begun', '--yes', '--files-only')
    assert.equal(refused.status, 2)
    assert.match(refused.err, /begun waits, and may go on.*rlev up .*, then .*rlev cancel begun/s)

    const path = join(runFolder(home, 'one'), 'checkpoints', 'step-000002')
    const config = { ...configOf('heir', 1), policy: { from: 'checkpoint' as const, path } }
    keepPlan(home, { kind: 'experiment', name: 'heir', config, warnings: [] })
    const needed = await rlev('delete', 'one', '--yes', '--files-only')
    assert.equal(needed.status, 2)
    assert.match(needed.err, /heir starts from a checkpoint of one, and has no copy of it yet/)
  })

  test('that is killed leaves a run that nothing uses, which is told, and is completed by the same call', async () => {
    killedAt('delete.noted', 'delete', 'one', '--yes', '--files-only')
    const { runs } = await json('list')
    assert.equal(runs.find(({ name }: { name: string }) => name === 'one').state, 'half deleted')
    for (const words of [
      ['resume', 'one'],
      ['status', 'one'],
      ['verify', 'one'],
    ]) {
      const { status, err } = await rlev(...words)
      assert.equal(status, 2)
      assert.match(err, /half deleted.*`rlev delete one` completes/s)
    }
    assert.match((await rlev('gc', '--dry-run')).out, /one is half deleted/)
    assert.match((await rlev('doctor', '--dry-run')).out, /one.*half deleted/s)
    // Without asking again, and with what was asked for.
    assert.equal((await rlev('delete', 'one')).status, 0)
    assert.ok(!existsSync(runFolder(home, 'one')))
  })

  test('that is killed when the folder has lost its name is completed by gc', async () => {
    killedAt('delete.aside', 'delete', 'one', '--yes', '--files-only')
    const left = readdirSync(join(home, 'runs')).filter(name => name.startsWith(temporaryPrefix))
    assert.equal(left.length, 1)
    assert.equal((await json('list')).runs.length, 2)
    old(join(home, 'runs', left[0] as string))
    const { removed } = await json('gc')
    assert.equal(removed[0].place, join(home, 'runs', left[0] as string))
    assert.deepEqual(readdirSync(join(home, 'runs')), ['other', 'same-start'])
  })
})

/** What nothing was done with for some minutes. */
function old(folder: string): void {
  const then = new Date(Date.now() - 3_600_000)
  for (const { name, isFolder } of entries(folder)) {
    if (isFolder) old(join(folder, name))
    else utimesSync(join(folder, name), then, then)
  }
  utimesSync(folder, then, then)
}

function entries(folder: string) {
  return readdirSync(folder, { withFileTypes: true }).map(entry => ({
    name: entry.name,
    isFolder: entry.isDirectory(),
  }))
}

describe('gc', () => {
  const deleteFiles = (name: string) => rlev('delete', name, '--yes', '--files-only')

  test('removes nothing that a run refers to', async () => {
    assert.deepEqual((await json('gc')).removed, [])
    assert.equal((await deleteFiles('one')).status, 0)
    // The other run of its seed shares all of its outputs.
    assert.deepEqual((await json('gc')).removed, [])
    for (const name of ['same-start', 'other']) assert.deepEqual((await examineRun(home, name)).findings, [])
  })

  test('removes the outputs of a deleted run; --dry-run lists the same with sizes, and removes nothing', async () => {
    const shared = new Set(outputsOf('one'))
    const own = new Set(outputsOf('other').filter(path => !shared.has(path)))
    const bytes = bytesUnder(...own)
    await deleteFiles('other')
    const planned = await json('gc', '--dry-run')
    assert.deepEqual(new Set(planned.removed.map(({ place }: { place: string }) => place)), own)
    assert.equal(planned.removedBytes, bytes)
    for (const path of own) assert.ok(existsSync(path))
    const done = await json('gc')
    assert.deepEqual({ ...done, dryRun: true }, planned)
    for (const path of own) assert.ok(!existsSync(path))
    for (const name of ['one', 'same-start']) assert.deepEqual((await examineRun(home, name)).findings, [])
    assert.equal(bytesUnder(join(home, 'store')), done.referredBytes)
  })

  test('keeps what a run that is not done may take, and what was taken a moment ago', async () => {
    await deleteFiles('other')
    keepPlan(home, { kind: 'experiment', name: 'begun', config: configOf('begun', 2), warnings: [] })
    const { removed, kept } = await json('gc')
    assert.deepEqual(removed, [])
    assert.ok(kept.length > 0)
    assert.match(kept[0].why, /begun is not done and may take it/)

    rmSync(runFolder(home, 'begun'), { recursive: true })
    const [taken, ...others] = (await json('gc', '--dry-run')).removed.map(({ place }: { place: string }) => place)
    utimesSync(taken, new Date(), new Date())
    const after = await json('gc')
    assert.deepEqual(
      after.removed.map(({ place }: { place: string }) => place),
      others,
    )
    assert.match(after.kept[0].why, /less than 10 minutes ago/)
    assert.ok(existsSync(taken))
  })

  test('that is killed is completed by the next one', async () => {
    await deleteFiles('other')
    const planned = await json('gc', '--dry-run')
    killedAt('gc.aside', 'gc')
    const [first] = planned.removed
    const kind = join(first.place, '..')
    const left = readdirSync(kind).find(name => name.startsWith(temporaryPrefix)) as string
    old(join(kind, left))
    assert.equal((await json('gc')).removed.length, planned.removed.length)
    assert.deepEqual((await json('gc')).removed, [])
    assert.ok(!existsSync(join(kind, left)))
  })

  test('gives an output its name back that a stage took at that moment', async () => {
    const store = new Store(home)
    const from = { what: 'taken' }
    const fill = async (folder: string) => writeFileSync(join(folder, 'file'), 'content')
    const made = await store.once({ kind: 'data', from, fill })
    const path = join(home, made.uri)
    old(path)
    // Stands still between taking the name away and looking at the time.
    const program = join(buildFolder, 'commands', 'main.js')
    const env = { ...process.env, RLEV_FAILPOINT: 'gc.aside:1:stall=1.5' }
    const child = spawn(process.execPath, [program, 'gc', '--home', home], { env })
    let aside: string | undefined
    for (const end = Date.now() + 20_000; aside === undefined && Date.now() < end; ) {
      aside = readdirSync(join(path, '..')).find(name => name.startsWith(temporaryPrefix))
      if (aside === undefined) await new Promise(resolve => setTimeout(resolve, 5))
    }
    utimesSync(join(path, '..', aside as string), new Date(), new Date())
    await new Promise(resolve => child.once('close', resolve))
    assert.equal(store.folder(made), path)
  })
})
