/**
 * Names of what is written beside its place before it is renamed into it. The name says which process makes it, and on which
 * machine since which boot, so that whoever finds one later can tell a leftover of a crash from work under way.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** What a crash may leave behind; never read as a result. */
export const temporaryPrefix = '.tmp-'

export interface Maker {
  /** `here`: on this machine since it was started; `before`: on it, before that; `elsewhere`: on another machine that shares the home. */
  where: 'here' | 'before' | 'elsewhere'
  pid: number
}

const machine = short(hostname())
// Process ids are counted anew by each boot, and apart in each container.
const boot = short(
  textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) +
    textOf(() => readlinkSync('/proc/self/ns/pid')),
)

export function temporaryBeside(path: string): string {
  const maker = `${machine}${boot}-${process.pid}`
  return join(dirname(path), `${temporaryPrefix}${basename(path)}-${maker}-${randomUUID().slice(0, 8)}`)
}

/** Null where the name does not say. */
export function makerOf(name: string): Maker | null {
  const [, onMachine, sinceBoot, pid] = /-([0-9a-f]{6})([0-9a-f]{6})-(\d+)-[0-9a-f]{8}$/.exec(name) ?? []
  if (onMachine === undefined) return null
  const where = onMachine !== machine ? 'elsewhere' : sinceBoot !== boot ? 'before' : 'here'
  return { where, pid: Number(pid) }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6)
}

function textOf(read: () => string): string {
  try {
    return read()
  } catch {
    // A system without /proc: there the process id alone tells.
    return ''
  }
}
