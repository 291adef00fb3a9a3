/** Lines of a file, one at a time. Reading needs the memory of the longest line, which has a limit. */
import { closeSync, readSync } from 'node:fs'
import { openRegularFile } from '../../input/regular-file.js'

const CHUNK = 1 << 18
const NEWLINE = 0x0a

/**
 * Bytes of each line without its newline. Text after the last newline is a line too. Null for a line of more than `maxBytes`
 * bytes, which is skipped and not kept in memory. Throws UnfitFile, or the errors of the file system.
 */
export function* lines(path: string, { maxBytes }: { maxBytes: number }): Generator<Buffer | null> {
  const { file } = openRegularFile(path)
  try {
    let held: Buffer[] = []
    let length = 0
    const keep = (piece: Buffer) => {
      length += piece.length
      if (length > maxBytes) held = []
      else if (piece.length > 0) held.push(Buffer.from(piece))
    }
    const line = () => {
      const whole = length > maxBytes ? null : Buffer.concat(held)
      held = []
      length = 0
      return whole
    }
    const room = Buffer.alloc(CHUNK)
    for (let size = readSync(file, room); size > 0; size = readSync(file, room)) {
      const chunk = room.subarray(0, size)
      let start = 0
      // Split at bytes is safe: in UTF-8 no other character contains the newline byte.
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        keep(chunk.subarray(start, end))
        yield line()
        start = end + 1
      }
      keep(chunk.subarray(start))
    }
    if (length > 0) yield line()
  } finally {
    closeSync(file)
  }
}
