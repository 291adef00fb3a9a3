/** Folders of the cache: what was interrupted is not taken for whole. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
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

describe('a folder of the cache', () => {
  interface WholeFolder {
    isWhole(folder: string): boolean
    makeWhole(folder: string, fill: (temporary: string) => Promise<void>): Promise<void>
    makeInPlace(folder: string, fill: (folder: string) => Promise<void>): Promise<void>
  }
  const large = Buffer.alloc(2 ** 21, 7)

  it('is whole once it was filled, and not while it is being filled', async () => {
    const { isWhole, makeWhole } = await load<WholeFolder>('whole-folder.mjs')
    const made = join(folder, 'made')
    await makeWhole(made, async temporary => {
      writeFileSync(join(temporary, 'library.so'), large)
      assert.equal(isWhole(made), false)
      assert.equal(existsSync(made), false)
    })
    assert.equal(isWhole(made), true)
  })

  it('whose filling failed leaves nothing behind', async () => {
    const { isWhole, makeWhole } = await load<WholeFolder>('whole-folder.mjs')
    const failed = join(folder, 'failed')
    const fill = async (temporary: string) => {
      writeFileSync(join(temporary, 'library.so'), large)
      throw new Error('the network went away')
    }
    await assert.rejects(makeWhole(failed, fill), /network/)
    assert.equal(isWhole(failed), false)
    assert.deepEqual(
      readdirSync(folder).filter(name => name.startsWith('failed')),
      [],
    )
  })

  it('of an unpacking that was killed is not taken for whole, and is cleared away by the next', async () => {
    const { isWhole, makeWhole } = await load<WholeFolder>('whole-folder.mjs')
    const killed = join(folder, 'killed')
    const module = pathToFileURL(join(scripts, 'setup', 'whole-folder.mjs')).href
    const code = `
      const { makeWhole } = await import(${JSON.stringify(module)});
      const { writeFileSync } = await import('node:fs');
      await makeWhole(${JSON.stringify(killed)}, async temporary => {
        writeFileSync(temporary + '/library.so', 'half of it');
        process.kill(process.pid, 'SIGKILL');
      })`
    assert.equal((await run(process.execPath, ['--input-type=module', '-e', code])).status, -1)
    const left = () => readdirSync(folder).filter(name => name.startsWith('killed.partial'))
    assert.equal(left().length, 1)
    assert.equal(isWhole(killed), false)
    await makeWhole(killed, async temporary => writeFileSync(join(temporary, 'library.so'), large))
    assert.equal(isWhole(killed), true)
    assert.equal(left().length, 0)
  })

  it('that cannot be renamed, and whose making was killed, is not taken for whole either', async () => {
    const { isWhole, makeInPlace } = await load<WholeFolder>('whole-folder.mjs')
    const environment = join(folder, 'environment')
    const module = pathToFileURL(join(scripts, 'setup', 'whole-folder.mjs')).href
    const code = `
      const { makeInPlace } = await import(${JSON.stringify(module)});
      const { writeFileSync } = await import('node:fs');
      await makeInPlace(${JSON.stringify(environment)}, async folder => {
        writeFileSync(folder + '/half', 'half of it');
        process.kill(process.pid, 'SIGKILL');
      })`
    await run(process.execPath, ['--input-type=module', '-e', code])
    assert.deepEqual(readdirSync(environment), ['half'])
    assert.equal(isWhole(environment), false)
    await makeInPlace(environment, async made => writeFileSync(join(made, 'all'), 'all of it'))
    assert.equal(isWhole(environment), true)
    assert.equal(existsSync(join(environment, 'half')), false)
  })

  it('with a library that was cut off since is not whole any more', async () => {
    const { isWhole, makeWhole } = await load<WholeFolder>('whole-folder.mjs')
    const cut = join(folder, 'cut')
    await makeWhole(cut, async temporary => writeFileSync(join(temporary, 'library.so'), large))
    truncateSync(join(cut, 'library.so'), 1_000_000)
    assert.equal(isWhole(cut), false)
  })
})

describe('a cache that several users share', () => {
  interface WholeFolder {
    isWhole(folder: string): boolean
    makeWhole(folder: string, fill: (temporary: string) => Promise<void>): Promise<void>
  }

  it('has folders that other users can read, as far as the umask lets them', async () => {
    const { makeWhole } = await load<WholeFolder>('whole-folder.mjs')
    const shared = join(folder, 'shared', '1.0')
    const umask = process.umask(0o022)
    try {
      await makeWhole(shared, async temporary => writeFileSync(join(temporary, 'program'), 'x'))
    } finally {
      process.umask(umask)
    }
    assert.equal((statSync(shared).mode & 0o777).toString(8), '755')
  })

  it('that this user may not read is told as that, with what helps, and not as missing', async () => {
    const { isWhole, makeWhole } = await load<WholeFolder>('whole-folder.mjs')
    const closed = join(folder, 'closed', '1.0')
    await makeWhole(closed, async temporary => writeFileSync(join(temporary, 'program'), 'x'))
    asStranger(closed, () => {
      assert.throws(
        () => isWhole(closed),
        (error: Error) =>
          error.name === 'PartError' &&
          /may not read/.test(error.message) &&
          error.message.includes(`chmod -R a+rX ${folder}`) &&
          error.message.includes('RLEV_CACHE'),
      )
      assert.equal(isWhole(join(folder, 'absent')), false)
    })
  })

  /** Root reads everything, so that as root the work is done under another user's rights. */
  function asStranger(closed: string, work: () => void): void {
    const isRoot = process.getuid?.() === 0
    chmodSync(folder, 0o755)
    chmodSync(closed, isRoot ? 0o700 : 0)
    if (isRoot) process.seteuid?.(65_534)
    try {
      work()
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(closed, 0o755)
    }
  }
})
