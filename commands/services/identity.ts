/**
 * Which process is meant. A pid alone is lent again after its process has ended or the machine was started anew, so a
 * process is known by its pid and the moment it started.
 */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

interface Seen {
  /** The moment of its start, as a text that no other process with this pid has. */
  started: string
  group: number
}

/** The start of a living process; undefined when there is none, or one that ended and was not collected. */
export function processStart(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return look(pid)?.started
}

/** The living members of a process group, which kill(2) can signal but not name. */
export function membersOf(group: number): number[] {
  return everyPid().filter(pid => look(pid)?.group === group)
}

/**
 * Whether the machine runs since before that start. After another boot a pid and its group may be anybody's.
 * Where the system does not say, the answer is no: nothing is ended on a guess.
 */
export function isOfThisBoot(started: string): boolean {
  const boot = bootName()
  return boot !== undefined && started.startsWith(`${boot} `)
}

const look = (pid: number): Seen | undefined => (process.platform === 'linux' ? lookInProc(pid) : lookByPs(pid))

function lookInProc(pid: number): Seen | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The command's name, in parentheses, may hold spaces and parentheses itself: the fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // proc(5) counts from 1 and this array begins at field 3: state, parent, group, ..., start in ticks since the boot.
  const [state, , group] = fields
  // Ended, but not yet collected by its parent (for ever so in a container whose first process collects nothing).
  if (state === 'Z' || state === 'X') return undefined
  return { started: `${bootName() ?? ''} ${fields[22 - 3]}`, group: Number(group) }
}

function lookByPs(pid: number): Seen | undefined {
  try {
    const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } } as const
    const text = execFileSync('ps', ['-o', 'state=,pgid=,lstart=', '-p', String(pid)], options).trim()
    const [state, group, ...moment] = text.split(/\s+/)
    return text === '' || state?.startsWith('Z') ? undefined : { started: moment.join(' '), group: Number(group) }
  } catch {
    // ps exits 1 when there is no such process.
    return undefined
  }
}

function everyPid(): number[] {
  const names =
    process.platform === 'linux'
      ? readdirSync('/proc')
      : execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' }).split('\n')
  return names.map(Number).filter(pid => Number.isInteger(pid) && pid > 0)
}

const bootName = (): string | undefined => readIfThere('/proc/sys/kernel/random/boot_id')?.trim()

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // No such process (any more), or a system without /proc: both are answers.
    return undefined
  }
}
