/** Files that a config names, which may be anything: a device without end, a pipe that nobody writes to, a hundred gigabytes. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Why a file is not read. The message says what was found, for whoever knows what was expected. */
export class UnfitFile extends Error {}

export class TooLongFile extends UnfitFile {}

/** An open regular file; the caller closes it. Never waits for the other end of a pipe. Throws UnfitFile, or the errors of the file system. */
export function openRegularFile(path: string): { file: number; bytes: number } {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const found = fstatSync(file)
  if (found.isFile()) return { file, bytes: found.size }
  closeSync(file)
  throw new UnfitFile(found.isDirectory() ? 'a folder' : 'no regular file')
}

/** The content of a file of at most `most` bytes. Throws TooLongFile, before anything is read, UnfitFile, or the errors of the file system. */
export function readRegularFile(path: string, { most }: { most: number }): Buffer {
  const { file, bytes } = openRegularFile(path)
  try {
    if (bytes > most) throw new TooLongFile(`${bytes} bytes, where at most ${most} are read`)
    const content = Buffer.alloc(bytes)
    let filled = 0
    for (let read = -1; read !== 0 && filled < bytes; filled += read) {
      read = readSync(file, content, filled, bytes - filled, filled)
    }
    return content.subarray(0, filled)
  } finally {
    closeSync(file)
  }
}
