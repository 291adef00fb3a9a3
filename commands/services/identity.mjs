/**
 * Which process is meant. A pid is used again after its process has ended or the machine was restarted, so a process is known by its
 * pid and the moment it started. Plain JavaScript without dependencies: set-up uses it before anything is installed or built.
 */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * @typedef {object} Seen
 * @property {string} started the moment of its start, as a text that no other process with this pid has
 * @property {number} group
 */

/**
 * The start of a living process; undefined if there is none, or one that ended and was not collected.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processStart(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return look(pid)?.started
}

/**
 * The living members of a process group, which kill(2) can signal but not name.
 * @param {number} group
 * @returns {number[]}
 */
export function membersOf(group) {
  return everyPid().filter(pid => look(pid)?.group === group)
}

/**
 * Whether the machine runs since before that start. After another boot a pid and its group may be anybody's.
 * Where the system does not say, the answer is no: nothing is ended on a guess.
 * @param {string} started
 * @returns {boolean}
 */
export function isOfThisBoot(started) {
  const boot = bootName()
  return boot !== undefined && started.startsWith(`${boot} `)
}

/** @type {(pid: number) => Seen | undefined} */
const look = pid => (process.platform === 'linux' ? lookInProc(pid) : lookByPs(pid))

/**
 * @param {number} pid
 * @returns {Seen | undefined}
 */
function lookInProc(pid) {
  const stat = readIfThere(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The command's name, in parentheses, may hold spaces and parentheses itself: the fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // proc(5) counts from 1 and this array begins at field 3: state, parent, group, ..., start in ticks since the boot.
  const [state, , group] = fields
  // Ended, but not yet collected by its parent (never, in a container whose first process collects nothing).
  if (state === 'Z' || state === 'X') return undefined
  return { started: `${bootName() ?? ''} ${fields[22 - 3]}`, group: Number(group) }
}

/**
 * @param {number} pid
 * @returns {Seen | undefined}
 */
function lookByPs(pid) {
  try {
    const env = { ...process.env, LC_ALL: 'C' }
    const args = ['-o', 'state=,pgid=,lstart=', '-p', String(pid)]
    const text = execFileSync('ps', args, { encoding: 'utf8', env }).trim()
    const [state, group, ...moment] = text.split(/\s+/)
    return text === '' || state?.startsWith('Z') ? undefined : { started: moment.join(' '), group: Number(group) }
  } catch {
    // ps exits 1 when there is no such process.
    return undefined
  }
}

/** @returns {number[]} */
function everyPid() {
  const names =
    process.platform === 'linux'
      ? readdirSync('/proc')
      : execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' }).split('\n')
  return names.map(Number).filter(pid => Number.isInteger(pid) && pid > 0)
}

/**
 * Of the machine since it was started, the same in all of its containers. Undefined where the system does not say.
 * @returns {string | undefined}
 */
export const bootName = () => readIfThere('/proc/sys/kernel/random/boot_id')?.trim()

/**
 * @param {string} file
 * @returns {string | undefined}
 */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // No such process (any more), or a system without /proc: both are answers.
    return undefined
  }
}
