/** Files that a config names. They may be anything: an endless device, a pipe without a writer, a hundred gigabytes. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Why a file is refused. The message states what was found; the caller adds what was expected. */
export class UnfitFile extends Error {}

export class TooLongFile extends UnfitFile {}

/** Opens a regular file; the caller closes it. Never waits for a pipe. Throws UnfitFile, or the errors of the file system. */
export function openRegularFile(path: string): { file: number; bytes: number } {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const found = fstatSync(file)
  if (found.isFile()) return { file, bytes: found.size }
  closeSync(file)
  throw new UnfitFile(found.isDirectory() ? 'a folder' : 'no regular file')
}

/** The content of a file of at most `maxBytes`. Throws TooLongFile before anything is read, UnfitFile, or the errors of the file system. */
export function readRegularFile(path: string, { maxBytes }: { maxBytes: number }): Buffer {
  const { file, bytes } = openRegularFile(path)
  try {
    if (bytes > maxBytes) throw new TooLongFile(`${bytes} bytes, at most ${maxBytes} are read`)
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
