/** Files of a home that are copies of objects: written whole, and not synced, since the store has them. */
import { createHash } from 'node:crypto'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asStorageError } from '../disk-errors.js'
import { isCode } from '../files.js'
import { temporaryBeside } from '../temporary-names.js'

/** Replaces the file. Throws NoStorage. */
export function writeCached(path: string, content: Uint8Array | string): Promise<void> {
  return write(path, content, temporary => rename(temporary, path))
}

/** A file that is there stays. */
export function writeCachedOnce(path: string, content: Uint8Array): Promise<void> {
  return write(path, content, async temporary => {
    try {
      await link(temporary, path)
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    }
  })
}

async function write(
  path: string,
  content: Uint8Array | string,
  commit: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, content)
    await commit(temporary)
  } catch (error) {
    throw asStorageError(error, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** The tag that most servers give an object of one part. Where it is another, a file is only read once more. */
export function usualEtag(content: Uint8Array): string {
  return `"${createHash('md5').update(content).digest('hex')}"`
}
