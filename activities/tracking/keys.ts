/**
 * Names of the data (sections, test sets, labels) as parts of MLflow's keys. MLflow takes letters and digits of every script and a few
 * signs; everything else becomes `_`. Two names never share a key: where they would, each gets a suffix made of its digest, so the
 * key of a name does not depend on the order of the names.
 */
import { createHash } from 'node:crypto'

/** Characters of a name that a key keeps. */
const maxLength = 100

/** Signs besides letters and digits that Python's `\w` and MLflow take, without `/` and `:`, which group keys. */
const refused = /[^\p{L}\p{N}_.\- ]/gu

/**
 * The part of a key for each of the names. `written` gives the keys that come of a part: two names meet if they share one of them.
 * `keeps` tells names that stay as they are although they hold refused signs.
 */
export function keyParts(
  names: readonly string[],
  {
    written = part => [part],
    keeps = () => false,
  }: { written?: (part: string) => readonly string[]; keeps?: (name: string) => boolean } = {},
): Map<string, string> {
  const parts = new Map(names.map(name => [name, keeps(name) ? name : partOf(name)]))
  // A name may be that of another one's suffixed part: a longer suffix ends it.
  for (let length = 8; ; length += 8) {
    const meeting = namesThatMeet(parts, written)
    if (meeting.length === 0) return parts
    for (const name of meeting) parts.set(name, suffixed(name, length))
  }
}

function partOf(name: string): string {
  const part = plain(name)
  return [...part].length > maxLength ? suffixed(name, 8) : part
}

const plain = (name: string): string => name.normalize('NFC').replace(refused, '_') || '_'

function suffixed(name: string, digestLength: number): string {
  const digest = createHash('sha256').update(name, 'utf16le').digest('hex').slice(0, digestLength)
  const characters = [...plain(name)].slice(0, maxLength - digest.length - 1)
  return `${characters.join('')}_${digest}`
}

function namesThatMeet(parts: ReadonlyMap<string, string>, written: (part: string) => readonly string[]): string[] {
  const holders = new Map<string, number>()
  for (const part of parts.values()) {
    for (const key of written(part)) holders.set(key, (holders.get(key) ?? 0) + 1)
  }
  return [...parts].flatMap(([name, part]) => (written(part).some(key => (holders.get(key) ?? 0) > 1) ? [name] : []))
}
