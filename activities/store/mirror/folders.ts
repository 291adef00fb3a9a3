/**
 * Folders with a manifest: checkpoints and shared outputs. Their files are objects under their digests, and the manifest is the object that
 * commits them: it is written last, once.
 */
import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import pLimit from 'p-limit'
import { RlevError } from '../../../pipelines/errors.js'
import { failPoint } from '../../fail-points/fail-point.js'
import { asStorageError } from '../disk-errors.js'
import { digestOfFile, isCode, readIfThere } from '../files.js'
import type { Manifest } from '../folder.js'
import type { Objects } from '../objects/objects.js'
import { unseal } from '../sealed.js'
import { temporaryBeside } from '../temporary-names.js'
import { blobKey } from './keys.js'

/** Milliseconds. An object that nothing refers to is garbage when it is older (garbage.ts); one that is taken again is made younger. */
export const graceMs = 24 * 3_600_000

const filesAtOnce = 2
const rangeBytes = 16 * 2 ** 20
const rangesAtOnce = 4

export type KeptFolder = 'kept' | 'other'

export class Folders {
  readonly #objects: Objects
  /** Keys of manifests that the store is known to have. */
  readonly #there = new Set<string>()

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** Makes the folder at `path` from the store, unless it is there. False if the store has none. Throws ArtifactDamaged. */
  async fetch(key: string, path: string): Promise<boolean> {
    if (existsSync(path)) return true
    const found = await this.#objects.get(key)
    if (found === null) return false
    const { files } = unseal<Manifest<unknown>>(found.content, `${this.#objects.address}/${key}`)
    refuseOtherNames(`${this.#objects.address}/${key}`, Object.keys(files))
    const temporary = temporaryBeside(path)
    try {
      await mkdir(temporary, { recursive: true })
      const limit = pLimit(filesAtOnce)
      const fetches = Object.entries(files).map(([name, file]) =>
        limit(() => this.#fetchFile(join(temporary, name), file)),
      )
      await Promise.all(fetches)
      const manifest = await open(join(temporary, 'manifest.json'), 'wx')
      await manifest.writeFile(found.content)
      await manifest.close()
      await rename(temporary, path)
    } catch (error) {
      // Another process of this machine was first.
      if (!isCode(error, 'ENOTEMPTY', 'EEXIST')) throw asStorageError(error, path)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
    this.#there.add(key)
    return true
  }

  async #fetchFile(path: string, file: { sha256: string; bytes: number }): Promise<void> {
    const key = blobKey(file.sha256)
    const handle = await open(path, 'wx')
    try {
      const limit = pLimit(rangesAtOnce)
      const starts = Array.from({ length: Math.ceil(file.bytes / rangeBytes) }, (_, index) => index * rangeBytes)
      await Promise.all(
        starts.map(start =>
          limit(async () => {
            const piece = await this.#objects.range(key, { start, end: Math.min(start + rangeBytes, file.bytes) })
            if (piece !== null) await handle.write(piece, 0, piece.length, start)
          }),
        ),
      )
    } finally {
      await handle.close()
    }
    const found = digestOfFile(path)
    if (found?.sha256 === file.sha256) return
    throw new RlevError({
      kind: 'ArtifactDamaged',
      message: 'the object is missing or is not what was written',
      place: `${this.#objects.address}/${key}`,
      expected: `${file.bytes} bytes with sha256 ${file.sha256}`,
      found: found === null ? 'nothing' : `sha256 ${found.sha256}`,
      remedy: 'delete the object and resume the run on a machine that has the file in its home, which writes it again',
    })
  }

  /**
   * Puts the whole folder at `path` into the store. `other` if the store has other files under this key, which then count. `mayCommit` is
   * called right before the manifest is written.
   */
  async keep(options: { key: string; path: string; mayCommit?: () => Promise<void> }): Promise<KeptFolder> {
    const { key, path, mayCommit } = options
    if (this.#there.has(key)) return 'kept'
    const sealed = readIfThere(join(path, 'manifest.json'))
    if (sealed === null) return 'kept'
    const { files } = unseal<Manifest<unknown>>(sealed, path)
    const put = async (refreshBefore: number) => {
      const limit = pLimit(filesAtOnce)
      const puts = Object.entries(files).map(([name, file]) =>
        limit(() =>
          this.#objects.putFile(blobKey(file.sha256), { path: join(path, name), ...file }, { refreshBefore }),
        ),
      )
      await Promise.all(puts)
    }
    let there = await this.#objects.get(key)
    if (there === null) {
      await put((await this.#objects.now()) - graceMs / 2)
      failPoint('push.blobs')
      await mayCommit?.()
      const committed = await this.#objects.putIfAbsent(key, sealed)
      failPoint('push.manifest')
      if (committed.kind === 'refused') there = await this.#objects.get(key)
    }
    if (there !== null && !this.#isAlike(key, there.content, files)) return 'other'
    // What was lost, or was collected as garbage between the look at it and the manifest, is put there again.
    await put(0)
    this.#there.add(key)
    return 'kept'
  }

  #isAlike(key: string, sealed: Buffer, files: Manifest<unknown>['files']): boolean {
    const there = unseal<Manifest<unknown>>(sealed, `${this.#objects.address}/${key}`)
    return isDeepStrictEqual(there.files, files)
  }

  /** Whether the store is known to have it. */
  knows(key: string): boolean {
    return this.#there.has(key)
  }

  forget(key: string): void {
    this.#there.delete(key)
  }

  forgetUnder(prefix: string): void {
    for (const key of this.#there) if (key.startsWith(prefix)) this.#there.delete(key)
  }
}

/** A seal is not a signature: everybody who can write into the store can make one. */
function refuseOtherNames(place: string, names: readonly string[]): void {
  const bad = names.find(name => basename(name) !== name || name === '..' || name === '.')
  if (bad === undefined) return
  throw new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the manifest is not what was written',
    place,
    expected: 'names of files in its folder',
    found: JSON.stringify(bad),
    remedy: 'delete the object; what it names is made again',
  })
}

/** A folder that the store has otherwise goes out of the way. */
export async function makeWay(path: string): Promise<void> {
  const going = temporaryBeside(path)
  await mkdir(dirname(path), { recursive: true })
  await rename(path, going)
  await rm(going, { recursive: true, force: true })
}
