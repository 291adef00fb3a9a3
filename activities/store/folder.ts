/**
 * A folder of files with a sealed `manifest.json` of their digests: made under a temporary name, every file synced, the
 * manifest written last, then renamed into place. Checkpoints and shared stage outputs have this form.
 */
import { readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import { failPoint } from '../fail-points/fail-point.js'
import { asStorageError } from './disk-errors.js'
import { digestOfFile, isCode, makePath, setAside, syncPath, writeWhole } from './files.js'
import { readSealed, seal } from './sealed.js'
import { temporaryBeside } from './temporary-names.js'

export interface Manifest<About> {
  form: 1
  about: About
  files: Record<string, { sha256: string; bytes: number }>
}

/** The manifest, after every file was compared with it; null if the folder is missing. Throws ArtifactDamaged. */
export function readFolder<About>(path: string): Manifest<About> | null {
  const manifest = readManifest<About>(path)
  if (manifest === null) return null
  for (const damage of damagesIn(path, manifest)) throw damage
  // An extra file may be read in place of the right ones, such as an index of shards; those that systems leave behind are not.
  const stray = straysIn(path, manifest).find(name => !name.startsWith('.'))
  if (stray !== undefined) throw damaged(join(path, stray), 'the files of the manifest and no others', stray)
  return manifest
}

/** Names in the folder that are not in the manifest. */
export function straysIn(path: string, { files }: Manifest<unknown>): string[] {
  return readdirSync(path).filter(name => name !== 'manifest.json' && !Object.hasOwn(files, name))
}

/** The manifest alone, checked against its seal; null if the folder is missing. Throws ArtifactDamaged. */
export function readManifest<About>(path: string): Manifest<About> | null {
  try {
    readdirSync(path)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    if (isCode(error, 'ENOTDIR')) throw damaged(path, 'a folder', 'a file')
    throw error
  }
  const manifest = readSealed<Manifest<About>>(join(path, 'manifest.json'))
  if (manifest === null) throw damaged(path, 'a manifest.json', 'none')
  for (const name of Object.keys(manifest.files)) {
    // A seal is not a signature: everybody who can write the folder can make one.
    if (basename(name) !== name || name === '..') throw damaged(path, 'names of files in it', JSON.stringify(name))
  }
  return manifest
}

/** ArtifactDamaged for each file that differs from the manifest, found one at a time. */
export function* damagesIn(path: string, { files }: Manifest<unknown>): Generator<RlevError> {
  const words = (file: { sha256: string; bytes: number }) => `${file.bytes} bytes with sha256 ${file.sha256}`
  for (const [name, expected] of Object.entries(files)) {
    const found = digestOfFile(join(path, name))
    if (found === null) yield damaged(join(path, name), 'a file', 'none')
    else if (words(found) !== words(expected)) yield damaged(join(path, name), words(expected), words(found))
  }
}

/** Like `readFolder`, but a damaged folder is set aside and null is returned. */
export function readFolderOrSetAside<About>(path: string): Manifest<About> | null {
  try {
    return readFolder<About>(path)
  } catch (error) {
    if (!(error instanceof RlevError && error.kind === 'ArtifactDamaged')) throw error
    setAside(path)
    return null
  }
}

/**
 * Makes the folder by `fill`, unless a whole one is there. If two make it at once, the first rename wins and the other's
 * work is dropped. `mayCommit` is called once more right before the rename. Throws NoStorage.
 */
export async function makeFolder<About>(options: {
  /** First part of the names of its fail points. */
  what: 'checkpoint' | 'stage-output'
  path: string
  about: About
  fill: (temporary: string) => Promise<void>
  mayCommit?: () => void
}): Promise<Manifest<About>> {
  const { what, path, about, fill, mayCommit } = options
  const there = readFolderOrSetAside<About>(path)
  if (there !== null) return there

  const temporary = temporaryBeside(path)
  try {
    makePath(temporary)
    failPoint(`${what}.before`)
    await fill(temporary)
    failPoint(`${what}.filled`)
    const manifest: Manifest<About> = { form: 1, about, files: {} }
    for (const name of readdirSync(temporary).sort()) {
      syncPath(join(temporary, name))
      manifest.files[name] = digestOfFile(join(temporary, name)) as NonNullable<ReturnType<typeof digestOfFile>>
    }
    writeWhole(join(temporary, 'manifest.json'), seal(manifest))
    failPoint(`${what}.manifest`)
    mayCommit?.()
    renameSync(temporary, path)
    failPoint(`${what}.renamed`)
    syncPath(dirname(path))
    failPoint(`${what}.after`)
    return manifest
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST')) throw asStorageError(error, path)
    const first = readFolder<About>(path)
    if (first === null) throw error
    return first
  }
}

function damaged(place: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the stored folder is not what was written',
    place,
    expected,
    found,
    remedy: 'resume the run; damaged parts are set aside and made again',
  })
}
