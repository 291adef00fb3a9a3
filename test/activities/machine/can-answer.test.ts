/** A forked process can answer until it closes its channel or ends, whichever comes first. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { canAnswer } from '../../../activities/machine/can-answer.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-can-answer-'))
after(() => rmSync(root, { recursive: true }))
const program = join(root, 'program.mjs')
writeFileSync(
  program,
  `setInterval(() => {}, 1000)
process.on('message', word => word === 'close' ? process.disconnect() : process.exit(0))
process.send('ready')
`,
)

async function started(): Promise<ChildProcess> {
  const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}

test('it can while it runs with an open channel', async () => {
  const child = await started()
  assert.equal(canAnswer(child), true)
  child.send('end')
  await once(child, 'exit')
  assert.equal(canAnswer(child), false)
})

test('it cannot once its channel is closed, though it runs', async () => {
  const child = await started()
  child.send('close')
  await once(child, 'disconnect')
  assert.deepEqual([child.exitCode, child.signalCode], [null, null])
  assert.equal(canAnswer(child), false)
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('it cannot once a signal has ended it', async () => {
  const child = await started()
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(canAnswer(child), false)
  assert.equal(canAnswer({ ...child, connected: true } as unknown as ChildProcess), false)
})
