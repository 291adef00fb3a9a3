/** Lines of a file, one at a time: a data set of any size is read with the memory of its longest line, and that has a bound. */
import { closeSync, readSync } from 'node:fs'
import { openRegularFile } from '../../input/regular-file.js'

const CHUNK = 1 << 18
const NEWLINE = 0x0a

/**
 * Bytes of each line without its newline; what follows the last newline is a line unless it is empty. Null for a line of more than
 * `most` bytes, which is passed over and not held. Throws UnfitFile, or the errors of the file system.
 */
export function* lines(path: string, { most }: { most: number }): Generator<Buffer | null> {
  const { file } = openRegularFile(path)
  try {
    let held: Buffer[] = []
    let length = 0
    const keep = (piece: Buffer) => {
      length += piece.length
      if (length > most) held = []
      else if (piece.length > 0) held.push(Buffer.from(piece))
    }
    const line = () => {
      const whole = length > most ? null : Buffer.concat(held)
      held = []
      length = 0
      return whole
    }
    const room = Buffer.alloc(CHUNK)
    for (let size = readSync(file, room); size > 0; size = readSync(file, room)) {
      const chunk = room.subarray(0, size)
      let start = 0
      // Cut at bytes, not characters: in UTF-8 no other character holds this byte.
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
