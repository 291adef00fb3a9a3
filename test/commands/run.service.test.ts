/** The command from its first call to its last, over the services that it starts itself. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { begin } from './call.js'
import { inHome, tiny } from './in-home.js'

const { home, rlev, configFile, statusOf, becomes, trains, end } = inHome()
after(end)

const first = configFile('first', `steps: 6\n${tiny}`)
const long = configFile('long', `steps: 3000\n${tiny}`)

test('run prints progress, the comparison, the report and the pages, and ends with 0', async () => {
  const { status, out, err } = await rlev('run', first)
  assert.equal(status, 0, `${out}\n${err}`)
  assert.match(err, /starting the Temporal server/)
  assert.match(out, /^started first: http:/m)
  // Which stages between are seen depends on how long they take.
  assert.match(out, /^first {2}(prepare|warm start|evaluate|train) {2}step \d\/6/m)
  assert.match(out, /^first {2}done {2}step 6\/6/m)
  assert.match(out, /^first:\nRuns {6}One experiment: 6 steps of rloo with seed 1\.\nTakes /)
  assert.match(out, /^Question {2}How far do 6 steps of training with seed 1 take the policy of first\?$/m)
  assert.match(out, /^Effect {4}Expected H-Acc, accuracy weighted by value, went from \d/m)
  assert.doesNotMatch(out, /^Endpoint/m)
  assert.match(out, /^weights +[0-9a-f]{64}$/m)
  assert.match(out, /^Temporal +http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/first%40[0-9a-f]{8}$/m)
  assert.match(out, /^MLflow +http:\/\/127\.0\.0\.1:\d+\/.*runs\/[0-9a-f]{32}/m)
  const report = /^report +(.*)$/m.exec(out)?.[1] ?? ''
  assert.match(readFileSync(report, 'utf8'), /^<!doctype html>/i)
  // Lines only: no cursor movement, no colour, no overwriting.
  assert.doesNotMatch(out, /[^\P{Cc}\n]/u)
})

test('status and compare give as JSON what the terminal shows', async () => {
  const view = JSON.parse((await rlev('status', 'first', '--json')).out)
  assert.equal(view.state, 'done')
  assert.match(view.weights, /^[0-9a-f]{64}$/)
  assert.equal(view.experiments[0].weights, view.weights)
  const { out } = await rlev('status', 'first')
  assert.match(out, new RegExp(`^weights +${view.weights}$`, 'm'))
  assert.match(out, new RegExp(`^MLflow +${view.pages.mlflow.replaceAll(/[?#]/g, '\\$&')}$`, 'm'))
  const list = JSON.parse((await rlev('status', '--json')).out)
  assert.deepEqual(
    list.runs.map(({ name, state }: { name: string; state: string }) => [name, state]),
    [['first', 'done']],
  )
  const comparison = JSON.parse((await rlev('compare', 'first', '--json')).out)
  const hAcc = (100 * comparison.arms[0].figures.final.expected.hAcc.mean).toFixed(1)
  assert.ok((await rlev('compare', 'first')).out.includes(hAcc))
  const path = (await rlev('report', 'first')).out.trim()
  assert.equal(path, view.reportPath)
})

test('an unknown name is a wrong call that offers the nearest one', async () => {
  const { status, err } = await rlev('status', 'frist')
  assert.equal(status, 2)
  assert.match(err, /did you mean first\?/)
})

test('the same run again shows its result and computes nothing', async () => {
  const { weights } = await statusOf('first')
  const { status, out } = await rlev('run', first)
  assert.equal(status, 0)
  assert.match(out, /^first is done already/)
  assert.match(out, new RegExp(`^weights +${weights}$`, 'm'))
  assert.match((await rlev('resume', 'first')).out, /^nothing to do: first is done/)
  assert.match((await rlev('pause', 'first')).out, /^nothing to pause: first is done/)
  assert.match((await rlev('cancel', 'first')).out, /^nothing to cancel: first is done/)
})

test('verify finds a done run sound, and what is damaged of it is made again by resume', async () => {
  const { weights } = await statusOf('first')
  const sound = await rlev('verify', 'first')
  assert.equal(sound.status, 0, sound.out)
  assert.match(sound.out, /^first is sound: \d+ files/)
  const folder = join(home, 'runs', 'first', 'checkpoints', 'step-000006')
  writeFileSync(join(folder, 'optimizer.safetensors'), 'not it')
  const damaged = await rlev('verify', 'first')
  assert.equal(damaged.status, 1)
  assert.match(damaged.out, /optimizer\.safetensors: .*[\s\S]*to do: +`rlev resume first`/)

  assert.match(
    (await rlev('resume', 'first')).out,
    /^first was done, and not everything of 1 experiment is there and whole/,
  )
  assert.equal((await rlev('watch', 'first')).status, 0)
  assert.equal((await statusOf('first')).weights, weights)
  assert.match((await rlev('verify', 'first')).out, /^first: 1 finding in .*\n.*step-000006\.damaged-1: .*set aside/)
  rmSync(`${folder}.damaged-1`, { recursive: true })
  assert.equal((await rlev('verify', 'first')).status, 0)
})

test('what an attempt failed with is shown while it is tried again, and the run goes on when the cause is gone', async () => {
  const inTheWay = join(home, 'runs', 'held-up', 'rollouts')
  mkdirSync(join(inTheWay, '..'), { recursive: true })
  writeFileSync(inTheWay, 'a file where a folder has to be')
  assert.equal((await rlev('run', first, '--name', 'held-up', '--detach')).status, 0)
  let notes = ''
  for (const end = Date.now() + 60_000; Date.now() < end && !/attempt/.test(notes); await sleep(200)) {
    notes = (await statusOf('held-up')).notes.join('\n')
  }
  rmSync(inTheWay)
  assert.match(notes, /^held-up: attempt \d of trainSteps follows one that failed: .*rollouts/)
  await becomes('held-up', 'done')
  assert.deepEqual((await statusOf('held-up')).notes, [])
})

test('a changed config under an old name is refused with the difference, and taken under another name', async () => {
  const { status, err } = await rlev('run', first, '--set', 'update.learningRate=0.002')
  assert.equal(status, 2)
  assert.match(err, /expected: config\.update\.learningRate = 0\.001/)
  assert.match(err, /found: {4}config\.update\.learningRate = 0\.002/)
  assert.match(err, /--name/)
  const other = await rlev('run', first, '--set', 'update.learningRate=0.002', '--name', 'second')
  assert.equal(other.status, 0, other.err)
  const side = await rlev('compare', 'first', 'second')
  assert.equal(side.status, 0, side.err)
  assert.match(side.out, /2 arms/)
})

test('Ctrl-C leaves the work going on and says how to come back; pause, resume and cancel reach it', async () => {
  const detached = await rlev('run', long, '--detach')
  assert.equal(detached.status, 0, detached.err)
  assert.match(detached.out, /The work goes on\.\n.*watch long --home .*\n.*status long .*\n.*\n.*cancel long /)

  const attached = begin(['run', long, '--home', home])
  const step = await trains('long')
  while (!/^long {2}/m.test(attached.out())) await sleep(100)
  attached.child.kill('SIGINT')
  const { status, out } = await attached.done
  assert.equal(status, 130)
  assert.match(out, /^long is at work already/)
  assert.match(out, /The work goes on\.\n.*watch long --home /)

  assert.match((await rlev('pause', 'long')).out, /^long is paused\. To go on: .*resume long /)
  assert.equal((await statusOf('long')).state, 'paused')
  const paused = (await statusOf('long')).experiments[0].step
  assert.ok(paused >= step)
  assert.match((await rlev('pause', 'long')).out, /^nothing to do: long is paused/)
  await sleep(2_000)
  assert.equal((await statusOf('long')).experiments[0].step, paused)

  assert.match((await rlev('resume', 'long')).out, /^long goes on\./)
  await becomes('long', 'running')
  assert.match((await rlev('cancel', 'long')).out, /^long was cancelled/)
  const watched = await rlev('watch', 'long')
  assert.equal(watched.status, 1)
  assert.match(watched.err, /^long was cancelled\. To go on where it stopped: .*resume long /m)

  const cancelledAt = (await statusOf('long')).experiments[0].step
  assert.match((await rlev('resume', 'long')).out, /^long goes on from step /)
  await becomes('long', 'running')
  await trains('long')
  assert.ok((await statusOf('long')).experiments[0].step >= cancelledAt)
  await rlev('cancel', 'long')
})

test('a sweep goes through every arm; one that fails ends it with 1, the others done', async () => {
  const sweep = configFile(
    'exam',
    `steps: 3
${tiny}
sweep:
  baseline: correctness
  seeds: [1]
  arms:
    correctness: { reward: { scale: correctness } }
    human-aligned: { reward: { scale: human-aligned } }
    too-fast: { reward: { scale: correctness }, warmStart: { learningRate: 1.0e+30 } }
`,
  )
  const { status, out, err } = await rlev('sweep', sweep)
  assert.equal(status, 1, out)
  assert.match(out, /^human-aligned seed 1 {2}done {2}step 3\/3/m)
  assert.match(out, /^exam:\nRuns {6}3 arms x 1 seed = 3 experiments, 2 at a time; /)
  const sentences = out.replaceAll(/\n {10}/g, ' ')
  assert.match(
    sentences,
    /^Effect .* human-aligned minus correctness is .*; 1 of 3 experiments is not done and is left out\)\.$/m,
  )
  assert.match(err, /^exam\/too-fast\/seed-1: /m)
  assert.match(err, /^exam has failed\. .*resume exam /m)
  const view = await statusOf('exam')
  const states = view.experiments.map(({ arm, state }: { arm: string; state: string }) => [arm, state])
  assert.deepEqual(states, [
    ['correctness', 'done'],
    ['human-aligned', 'done'],
    ['too-fast', 'failed'],
  ])
  assert.ok(existsSync(view.reportPath))
})

test('with the services down, status still tells what the store holds, and the services come back where they were', async () => {
  const before = await statusOf('first')
  assert.equal((await rlev('down')).status, 0)
  const after = await statusOf('first')
  assert.equal(after.state, 'done')
  assert.equal(after.weights, before.weights)
  assert.equal((await rlev('compare', 'first')).status, 0)
  const { status, err } = await rlev('pause', 'long')
  assert.equal(status, 1)
  assert.match(err, /`rlev up` starts the services/)
})

test('work that the end of the services held up goes on when it is resumed', async () => {
  assert.match((await rlev('resume', 'long')).out, /^long goes on/)
  await becomes('long', 'running')
  const { step } = (await statusOf('long')).experiments[0]
  assert.equal((await rlev('down')).status, 0)
  const held = await statusOf('long')
  assert.equal(held.state, 'waiting')
  assert.match(held.notes.join('\n'), /`rlev up` starts the services/)
  assert.match((await rlev('resume', 'long')).out, /^long goes on\. To follow it: .*watch long /)
  await becomes('long', 'running')
  assert.ok((await statusOf('long')).experiments[0].step >= step)
  assert.match((await rlev('cancel', 'long')).out, /^long was cancelled/)
})
