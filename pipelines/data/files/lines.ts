/** Lines of a file, one at a time: a data set of any size is read with the memory of its longest line. */
import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK = 1 << 16
const NEWLINE = 0x0a

/** Bytes of each line without its newline; what follows the last newline is a line unless it is empty. Throws the errors of the file system. */
export function* lines(path: string): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    let held: Buffer[] = []
    for (;;) {
      const chunk = Buffer.alloc(CHUNK)
      const size = readSync(file, chunk, 0, CHUNK, null)
      if (size === 0) break
      let start = 0
      // Cut at bytes, not characters: in UTF-8 no other character holds this byte.
      for (let end = chunk.indexOf(NEWLINE); end >= 0 && end < size; end = chunk.indexOf(NEWLINE, start)) {
        yield Buffer.concat([...held, chunk.subarray(start, end)])
        held = []
        start = end + 1
      }
      if (start < size) held.push(chunk.subarray(start, size))
    }
    if (held.length > 0) yield Buffer.concat(held)
  } finally {
    closeSync(file)
  }
}
