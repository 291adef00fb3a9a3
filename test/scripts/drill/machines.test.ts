/** Parts of the drill over machines that need no services: what it compares, the logs that it follows, and the network that it removes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { differences, type Left } from '../../../scripts/drill/machines/left.js'
import { LogTail, momentIn } from '../../../scripts/drill/machines/log-tail.js'
import { addressOf, Network, whyNoNetwork } from '../../../scripts/drill/machines/network.js'

const left = (): Left => ({
  experiments: [
    {
      tracked: { weights: 'a', optimizer: 'b', points: ['loss step 1 2'], faults: [] },
      stored: new Map([['rollouts step-000001.json', 'c']]),
    },
  ],
  faults: [],
})

test('a run that leaves other weights, points, journal entries or a fault is told of', () => {
  assert.deepEqual(differences('case', left(), left()), [])
  const [experiment = assert.fail()] = left().experiments
  const { tracked } = experiment
  const others: readonly [Left, RegExp][] = [
    [{ experiments: [{ ...experiment, tracked: { ...tracked, weights: 'x' } }], faults: [] }, /weights of case are x/],
    [{ experiments: [{ ...experiment, tracked: { ...tracked, points: [] } }], faults: [] }, /lacks 1 points/],
    [{ experiments: [{ ...experiment, stored: new Map() }], faults: [] }, /rollouts step-000001.json is missing/],
    [{ experiments: [{ ...experiment, tracked: { ...tracked, faults: ['two runs'] } }], faults: [] }, /two runs/],
    [{ experiments: [], faults: [] }, /experiment 1 is missing/],
    [{ ...left(), faults: ['a file is damaged'] }, /a file is damaged/],
  ]
  for (const [found, sentence] of others) {
    const said = differences('case', left(), found)
    assert.equal(said.length, 1)
    assert.match(said[0] ?? '', sentence)
  }
})

test('a log is followed from a mark on, also while a line is being written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-tail-'))
  const path = join(folder, 'log')
  const line = (step: number) => `${JSON.stringify({ time: 'now', message: 'sampling', step })}\n`
  try {
    const tail = new LogTail(path)
    assert.deepEqual(tail.entries(), [])
    writeFileSync(path, `${line(1)}no JSON\n`)
    tail.mark()
    appendFileSync(path, line(2).slice(0, 9))
    assert.equal(momentIn(tail.entries(), { step: 1 }), false)
    appendFileSync(path, line(2).slice(9))
    assert.equal(momentIn(tail.entries(), { step: 2 }), true)
    assert.equal(momentIn(tail.entries(), { step: 3 }), false)
    assert.equal(momentIn(tail.entries(), { activity: 'rollOut' }), false)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('machines reach each other, not over a cable that is pulled, and end with their network', {
  skip: whyNoNetwork(),
}, async () => {
  const network = Network.make(['a', 'b'])
  const call = (host: 'a' | 'b', ...words: string[]) => {
    const [command = '', ...args] = network.on(host, words)
    return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  }
  const script = `require('node:net').createServer(s => s.end()).listen(80, '${addressOf('a')}', () => console.log('up'))`
  const reach = `
    const socket = require('node:net').connect({ host: '${addressOf('a')}', port: 80, timeout: 1000 })
    socket.on('connect', () => process.exit(0)).on('timeout', () => process.exit(1)).on('error', () => process.exit(2))`
  const reached = async () => (await once(call('b', process.execPath, '-e', reach), 'exit'))[0] === 0
  try {
    const server = call('a', process.execPath, '-e', script)
    const ended = once(server, 'exit')
    await once(server.stdout ?? assert.fail(), 'data')
    assert.equal(await reached(), true)
    network.cable('a', 'down')
    assert.equal(await reached(), false)
    network.cable('a', 'up')
    assert.equal(await reached(), true)
    network.remove()
    assert.equal((await ended)[1], 'SIGKILL')
  } finally {
    network.remove()
  }
})
