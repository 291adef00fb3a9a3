/** Whether a worker lives, by its socket. Real processes and signals throughout. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { hasEnded } from '../../../commands/worker/life-line.js'

const temporary = mkdtempSync(join(tmpdir(), 'rlev-life-'))
/** As long as the path of a home may be, and longer than that of a socket. */
const folder = join(temporary, 'a'.repeat(120))
mkdirSync(folder)

const started = new Set<ChildProcess>()
after(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(temporary, { recursive: true })
})

/** A process that listens under this name. */
async function listener(name: string): Promise<ChildProcess> {
  const code = `
    const { listenAt } = await import(${JSON.stringify(new URL('../../../commands/worker/life-line.js', import.meta.url).href)})
    await listenAt(${JSON.stringify(folder)}, ${JSON.stringify(name)})
    setInterval(() => {}, 1000)
    console.log('listens')
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  started.add(child)
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

describe('a worker', { skip: process.platform !== 'linux' }, () => {
  it('lives while its process does, also while that is stopped, and has ended with it', async () => {
    const child = await listener('killed')
    assert.equal(await hasEnded(folder, 'killed'), false)
    child.kill('SIGSTOP')
    // More calls than it could have answered one by one.
    for (let calls = 0; calls < 20; calls++) assert.equal(await hasEnded(folder, 'killed'), false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(await hasEnded(folder, 'killed'), true)
  })

  it('that is not known has not certainly ended', async () => {
    assert.equal(await hasEnded(folder, 'unknown'), false)
  })
})
