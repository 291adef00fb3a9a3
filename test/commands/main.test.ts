import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { buildFolder } from '../../commands/services/project.js'
import { call } from './call.js'
import { callHere } from './call-here.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-main-'))
const home = join(folder, 'home')
after(() => rmSync(folder, { recursive: true, force: true }))

test('--help lists the subcommands with examples and the exit statuses, and ends with 0', async () => {
  const { status, out } = await call('--help')
  assert.equal(status, 0)
  for (const word of ['plan', 'run', 'sweep', 'status', 'watch', 'pause', 'resume', 'cancel', 'compare', 'report']) {
    assert.match(out, new RegExp(`^ {2}${word} `, 'm'))
  }
  assert.match(out, /Examples:/)
  assert.match(out, /Exit status: 0 done; 1 the work failed; 2 /)
})

test('an unknown command is a wrong call, and the nearest one is offered', async () => {
  const { status, err } = await callHere('stauts')
  assert.equal(status, 2)
  assert.match(err, /unknown command 'stauts'[\s\S]*Did you mean status\?/)
})

test('a missing argument, an unknown option and a seed that is no number are wrong calls', async () => {
  const calls = [['run'], ['status', '--jsn'], ['run', 'x.yaml', '--seed', 'one'], ['worker', '--queue', 'tpu']]
  for (const words of calls) {
    const { status, err } = await callHere(...words)
    assert.equal(status, 2, `${words.join(' ')}: ${err}`)
    assert.match(err, /^error: /)
  }
})

test('a name that would leave the folder of runs is refused before anything is read', async () => {
  const { status, err } = await callHere('cancel', '../elsewhere', '--home', home)
  assert.equal(status, 2)
  assert.match(err, /found: {4}"\.\.\/elsewhere"/)
  assert.ok(!existsSync(home))
})

test('status of a home without runs says how to start one, and makes no home', async () => {
  const { status, out } = await callHere('status', '--home', home)
  assert.equal(status, 0)
  assert.match(out, /no runs in .* yet: start one with `rlev run`/)
  assert.ok(!existsSync(home))
})

test('failpoints lists the places, and a worker refuses to start with an unknown one', async () => {
  const { status, out } = await callHere('failpoints')
  assert.equal(status, 0)
  assert.match(out, /^ {2}journal\.rollout\.before +policy +A step's responses are sampled and not journaled\.$/m)
  const rows = JSON.parse((await callHere('failpoints', '--json')).out) as {
    name: string
    worker: string
    sentence: string
  }[]
  assert.ok(rows.length >= 50 && rows.every(({ name, worker, sentence }) => name && worker && sentence))

  process.env['RLEV_FAILPOINT'] = 'journal.rollout:1:kill'
  try {
    const refused = await call('worker', '--queue', 'rlev', '--home', home)
    assert.equal(refused.status, 2)
    assert.match(refused.err, /no fail point of this name[\s\S]*journal\.rollout\.before/)
  } finally {
    delete process.env['RLEV_FAILPOINT']
  }
})

test('every key of a config is printed with its meaning', async () => {
  const { status, out } = await callHere('plan', '--keys')
  assert.equal(status, 0)
  assert.match(out, /^reward\.alpha .*default 10\n {4}Slope of the scale/m)
})

test('output to a full disk ends with an error that says so, and no stack trace', {
  skip: !existsSync('/dev/full'),
}, async () => {
  const full = openSync('/dev/full', 'w')
  try {
    const program = join(buildFolder, 'commands', 'main.js')
    const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', full, 'pipe'] })
    let err = ''
    child.stderr?.on('data', (part: Buffer) => {
      err += part.toString()
    })
    const [status] = (await once(child, 'close')) as [number]
    assert.equal(status, 1)
    assert.match(err, /^standard output: the disk is full[\s\S]*make room/)
    assert.doesNotMatch(err, /\n {4}at /)
  } finally {
    closeSync(full)
  }
})

test('a plan is told without TensorFlow, which takes half a second to load', () => {
  const program = `
    import { createRequire } from 'node:module'
    process.argv = [process.execPath, 'rlev', 'plan', 'configs/quickstart.yaml', '--home', ${JSON.stringify(home)}]
    await import(${JSON.stringify(join(buildFolder, 'commands', 'main.js'))})
    const loaded = Object.keys(createRequire(import.meta.url)('node:module')._cache)
    console.log('loaded:', ...loaded.filter(path => path.includes('tfjs')))`
  const file = join(folder, 'plan.mjs')
  writeFileSync(file, program)
  const told = execFileSync(process.execPath, [file], { encoding: 'utf8' })
  assert.match(told, /20 experiments/)
  assert.match(told, /^loaded:$/m)
})
