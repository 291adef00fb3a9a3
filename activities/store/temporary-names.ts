/**
 * Temporary names of files and folders that are renamed when they are whole. The name says which process makes it, on which machine and
 * since which boot, so that a leftover of a crash can be told from work in progress.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** Files with this prefix may be left by a crash; they are never read as a result. */
export const temporaryPrefix = '.tmp-'

export interface Maker {
  /** `here`: on this machine since it was started; `before`: on it, before that; `elsewhere`: on another machine that shares the home. */
  where: 'here' | 'before' | 'elsewhere'
  pid: number
}

const machine = short(hostname())
// Process ids start again with each boot, and each container has its own.
const boot = short(
  textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) +
    textOf(() => readlinkSync('/proc/self/ns/pid')),
)

export function temporaryBeside(path: string): string {
  const maker = `${machine}${boot}-${process.pid}`
  return join(dirname(path), `${temporaryPrefix}${basename(path)}-${maker}-${randomUUID().slice(0, 8)}`)
}

/** Null if the name does not say. */
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
