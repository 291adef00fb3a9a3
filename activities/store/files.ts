/** Files that are either whole or missing: written under a temporary name, synced, renamed, and the folder synced. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { failPoint } from '../fail-points/fail-point.js'
import { asStorageError } from './disk-errors.js'
import { temporaryBeside, temporaryPrefix } from './temporary-names.js'

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Digest and length of a file, read in pieces, since a checkpoint may be longer than a buffer can be. Null if the file is missing or is a
 * folder.
 */
export function digestOfFile(path: string): { sha256: string; bytes: number } | null {
  let handle: number
  try {
    handle = openSync(path, 'r')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw error
  }
  try {
    const hash = createHash('sha256')
    const piece = Buffer.allocUnsafe(1 << 20)
    let bytes = 0
    for (let read = readSync(handle, piece); read > 0; read = readSync(handle, piece)) {
      hash.update(piece.subarray(0, read))
      bytes += read
    }
    return { sha256: hash.digest('hex'), bytes }
  } catch (error) {
    if (isCode(error, 'EISDIR')) return null
    throw error
  } finally {
    closeSync(handle)
  }
}

/** Throws NoStorage if the disk turns out to be full only now. */
export function syncPath(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } catch (error) {
    throw asStorageError(error, path)
  } finally {
    closeSync(handle)
  }
}

/** The same without holding the thread, so that several are synced at the same time. */
export async function syncBeside(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    throw asStorageError(error, path)
  } finally {
    await handle.close()
  }
}

/** A folder with its parents. */
export function makePath(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error
    // Node also says ENOENT if the file system is read-only or a quota is used up; one folder at a time gives the reason.
    const missing: string[] = []
    for (let folder = path; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder)
    for (const folder of missing) makeUnlessThere(folder)
  }
}

function makeUnlessThere(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    // Another worker made it meanwhile.
    if (!isCode(error, 'EEXIST')) throw error
  }
}

interface WriteOptions {
  /** Called after the bytes are written, right before the rename. If it throws, the error is passed on and nothing has changed. */
  mayCommit?: () => void
}

/** Writes `content` to a temporary file, which `commit` moves to `path`. After an error the temporary file is removed. Throws NoStorage. */
function writeBeside(
  path: string,
  content: string | Uint8Array,
  { sync, mayCommit, commit }: WriteOptions & { sync: boolean; commit: (temporary: string) => void },
): void {
  try {
    makePath(dirname(path))
    const temporary = temporaryBeside(path)
    try {
      const handle = openSync(temporary, 'wx')
      try {
        const bytes = typeof content === 'string' ? Buffer.from(content) : content
        for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written)
        if (sync) fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
      failPoint('file.written')
      mayCommit?.()
      commit(temporary)
      failPoint('file.named')
    } finally {
      rmSync(temporary, { force: true })
    }
  } catch (error) {
    throw asStorageError(error, path)
  }
}

/** Replaces the file. On return its bytes and its name are on the disk. Throws NoStorage. */
export function writeWhole(path: string, content: string | Uint8Array, options: WriteOptions = {}): void {
  writeBeside(path, content, { ...options, sync: true, commit: temporary => renameSync(temporary, path) })
  syncPath(dirname(path))
}

/**
 * Replaces the file for every process that runs, and syncs nothing: after a power cut it may be the one before, or damaged. Throws
 * NoStorage.
 */
export function replaceUnsynced(path: string, content: string | Uint8Array, options: WriteOptions = {}): void {
  writeBeside(path, content, { ...options, sync: false, commit: temporary => renameSync(temporary, path) })
}

/**
 * The first writer wins: false, and nothing written, if the file exists already. Throws NoStorage.
 * Not synced: callers that write many call `syncPath` on each file and folder before they report success.
 */
export function writeOnce(path: string, content: string | Uint8Array, options: WriteOptions = {}): boolean {
  let first = true
  const commit = (temporary: string) => {
    try {
      linkSync(temporary, path)
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
      first = false
    }
  }
  writeBeside(path, content, { ...options, sync: false, commit })
  return first
}

/** The bytes, or null if the file is missing. */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw error
  }
}

/** Names in a folder without leftovers of a crash, sorted; empty if the folder is missing. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => !name.startsWith(temporaryPrefix))
      .sort()
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []
    throw error
  }
}

/** Renames something damaged, so that it is not read again and can still be examined. */
export function setAside(path: string): string {
  for (let count = 1; ; count++) {
    const aside = `${path}.damaged-${count}`
    if (existsSync(aside)) continue
    try {
      renameSync(path, aside)
    } catch (error) {
      // Another worker set it aside first.
      if (!isCode(error, 'ENOENT')) throw error
    }
    return aside
  }
}

export function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/**
 * Removes a file or folder. It is renamed before it is deleted: a reader sees all of it or nothing. `aside` is called when it has lost its
 * name. Throws ENOENT if it is missing.
 */
export function removeWhole(path: string, aside: () => void = () => {}): void {
  const going = temporaryBeside(path)
  renameSync(path, going)
  aside()
  rmSync(going, { recursive: true, force: true })
}

/** The same of what another process may have removed before: then it says false. */
export function removeIfThere(path: string, aside?: () => void): boolean {
  try {
    removeWhole(path, aside)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}
