/** One set-up at a time. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { load, run, scripts } from './in-setup.js'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'rlev-setup-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('a lock of the set-up', () => {
  interface Lock {
    withLock<Result>(options: { file: string; onWait?: () => void }, work: () => Promise<Result>): Promise<Result>
  }

  it('lets one at a time through, and takes over what a killed set-up left', async () => {
    const { withLock } = await load<Lock>('lock.mjs')
    const file = join(folder, 'part.lock')
    const module = pathToFileURL(join(scripts, 'setup', 'lock.mjs')).href
    const code = `
      const { withLock } = await import(${JSON.stringify(module)});
      await withLock({ file: ${JSON.stringify(file)} }, async () => process.kill(process.pid, 'SIGKILL'))`
    await run(process.execPath, ['--input-type=module', '-e', code])
    assert.equal(existsSync(file), true)
    let inside = 0
    const work = async () => {
      inside += 1
      assert.equal(inside, 1)
      await new Promise(settle => setTimeout(settle, 20))
      inside -= 1
    }
    await Promise.all([withLock({ file }, work), withLock({ file }, work), withLock({ file }, work)])
    assert.equal(existsSync(file), false)
  })
})
