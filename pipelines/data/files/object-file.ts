/**
 * A file that begins with an object: one object a line, one row over several lines, or one object with the list of rows under a key.
 * The outermost members are found without parsing their values.
 */

/** A member of the outermost object. */
export interface Member {
  key: string
  /** Index of the first byte of its value. */
  at: number
}

const sign = { quote: 0x22, backslash: 0x5c, colon: 0x3a, open: 0x5b, close: 0x5d, openObject: 0x7b, closeObject: 0x7d }

/** The members of the object that opens at `from`, as far as the bytes go; `end`: index behind it, null if it goes on. */
export function membersOf(bytes: Buffer, from: number): { members: Member[]; end: number | null } {
  const members: Member[] = []
  let depth = 0
  let key: string | null = null
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === sign.quote) {
      const end = endOfString(bytes, at)
      if (depth === 1 && end < bytes.length) key = keyIn(bytes.subarray(at, end + 1))
      at = end
    } else if (byte === sign.colon && depth === 1 && key !== null) {
      const value = firstBlack(bytes, at + 1)
      if (value < bytes.length) members.push({ key, at: value })
      key = null
    } else if (byte === sign.openObject || byte === sign.open) depth++
    else if (byte === sign.closeObject || byte === sign.close) {
      if (--depth === 0) return { members, end: at + 1 }
    }
  }
  return { members, end: null }
}

/** The members that hold a list of objects other than chat messages: a list of rows, if the file is one object. */
export function listsOfRows(bytes: Buffer, from: number): Member[] {
  return membersOf(bytes, from).members.filter(({ at }) => {
    const first = firstBlack(bytes, at + 1)
    if (bytes[at] !== sign.open || bytes[first] !== sign.openObject) return false
    return membersOf(bytes, first).members.every(({ key }) => key !== 'role')
  })
}

/** Index of the first byte that is not blank. */
export function firstBlack(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++
  return at
}

/** Index of the closing quote, or the end of the bytes. */
function endOfString(bytes: Buffer, start: number): number {
  for (let quote = bytes.indexOf(sign.quote, start + 1); quote >= 0; quote = bytes.indexOf(sign.quote, quote + 1)) {
    let first = quote
    while (bytes[first - 1] === sign.backslash) first--
    if ((quote - first) % 2 === 0) return quote
  }
  return bytes.length
}

function keyIn(quoted: Buffer): string | null {
  try {
    return JSON.parse(quoted.toString()) as string
  } catch {
    // Not JSON: the reader of the rows says so, with its place.
    return null
  }
}
