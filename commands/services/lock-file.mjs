/**
 * One at a time, by a file that names its holder. A holder that died leaves a file that the next one takes over, so an interrupted
 * call blocks nobody. Plain JavaScript without dependencies: set-up uses it before anything is installed or built.
 *
 * Who takes over from a dead holder first takes the right to do so: a second lock file, named by what the dead one wrote, which
 * itself is taken over if its taker died. With the right in hand it looks again, and replaces the file in one rename. The file is
 * never missing in between, so nobody takes it by the side; and the right to replace another holder has another name.
 */

import { createHash, randomUUID } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processStart } from './identity.mjs'

/**
 * @typedef {object} Holder
 * @property {number} pid
 * @property {string} started the moment its process started
 * @property {string} [machine] absent in files of earlier versions: this machine
 */

/**
 * @typedef {object} LockOptions
 * @property {string} file
 * @property {number} [timeoutMs] how long to wait for the holder; without it, as long as it takes
 * @property {((pid: number | undefined) => void) | undefined} [onWait] called once if somebody else holds the lock
 * @property {((pid: number | undefined) => Error) | undefined} [onTimeout] makes the error after `timeoutMs`
 */

/** Between two looks at the file: short at first, for work that is soon done. */
const retryMs = { first: 5, most: 100 }
const touchMs = 10_000

/** A holder on another machine is dead if it has not touched its file for so long, by the clock of the one who waits. */
const untouchedMs = 90_000

/** Lock files of this process, with what each says. @type {Map<string, string>} */
const held = new Map()

process.once('exit', () => {
  for (const [file, text] of held) release(file, text)
})

/**
 * Runs `work` while no other process, and nothing else in this one, runs under the same file.
 * @template Result
 * @param {LockOptions} options
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withLockFile({ file, timeoutMs = Number.POSITIVE_INFINITY, onWait, onTimeout }, work) {
  mkdirSync(dirname(file), { recursive: true })
  const text = JSON.stringify({
    pid: process.pid,
    started: processStart(process.pid),
    machine: machine(),
    nonce: randomUUID(),
  })
  await acquire({ file, text, timeoutMs, onWait, onTimeout })
  held.set(file, text)
  const touching = setInterval(() => touch(file, text), touchMs)
  touching.unref()
  try {
    return await work()
  } finally {
    clearInterval(touching)
    held.delete(file)
    release(file, text)
  }
}

/** @param {LockOptions & { text: string, timeoutMs: number }} options */
async function acquire({ file, text, timeoutMs, onWait, onTimeout }) {
  const end = performance.now() + timeoutMs
  const silence = silenceMeter()
  let told = false
  let waitMs = retryMs.first
  while (!tryTake(file, text, silence)) {
    const found = read(file)
    const pid = holderOf(found)?.pid
    if (found !== undefined && !told) onWait?.(pid)
    told ||= found !== undefined
    if (performance.now() > end) {
      throw onTimeout?.(pid) ?? new Error(`${file} is still held by process ${pid ?? 'unknown'} after ${timeoutMs} ms`)
    }
    await sleep(waitMs)
    waitMs = Math.min(2 * waitMs, retryMs.most)
  }
}

/**
 * Takes the file if nobody has it, or if its holder is dead. Synchronous: what happens between two of its operations is up to other
 * processes only.
 * @param {string} file
 * @param {string} text
 * @param {(file: string, text: string) => number} silence
 * @returns {boolean}
 */
function tryTake(file, text, silence) {
  if (appear(file, text)) return true
  const found = read(file)
  if (found === undefined || !isDead(file, found, silence)) return false
  const right = `${file}.${digestOf(found)}`
  if (!tryTake(right, text, silence)) return false
  try {
    if (read(file) !== found) return false
    const mine = writeBeside(file, text)
    renameSync(mine, file)
    return true
  } finally {
    release(right, text)
  }
}

/**
 * Makes the file with its content, unless it is there: a link appears whole or not at all.
 * @type {(file: string, text: string) => boolean}
 */
function appear(file, text) {
  const mine = writeBeside(file, text)
  try {
    linkSync(mine, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(mine, { force: true })
  }
}

let count = 0

/** @type {(file: string, text: string) => string} */
function writeBeside(file, text) {
  const mine = `${file}.${process.pid}.${count++}`
  writeFileSync(mine, text)
  return mine
}

/**
 * @param {string} file
 * @param {string} text
 * @param {(file: string, text: string) => number} silence
 */
function isDead(file, text, silence) {
  const holder = holderOf(text)
  const isHere = holder !== undefined && (holder.machine === undefined || holder.machine === machine())
  return isHere ? processStart(holder.pid) !== holder.started : silence(file, text) > untouchedMs
}

/** How long a file has been seen with one content and one time, by the own clock: clocks of machines differ. (ms) */
function silenceMeter() {
  /** @type {Map<string, { state: string, since: number }>} */
  const seen = new Map()
  return (/** @type {string} */ file, /** @type {string} */ text) => {
    const state = `${statSync(file, { throwIfNoEntry: false })?.mtimeMs} ${text}`
    const before = seen.get(file)
    if (before?.state === state) return performance.now() - before.since
    seen.set(file, { state, since: performance.now() })
    return 0
  }
}

/** A process of another container is another machine's, although the kernel is one. */
function machine() {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    // No /proc: a system without such containers.
    return hostname()
  }
}

/** @type {(file: string, text: string) => void} */
function touch(file, text) {
  try {
    if (read(file) === text) utimesSync(file, new Date(), new Date())
  } catch {
    // The next touch is in ten seconds, and others wait for nine of them.
  }
}

/** @type {(file: string, text: string) => void} */
function release(file, text) {
  if (read(file) === text) rmSync(file, { force: true })
}

/** @type {(file: string) => string | undefined} */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    // Let go in between.
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Undefined for what names nobody: no file, or one that was cut off.
 * @param {string | undefined} text
 * @returns {Holder | undefined}
 */
function holderOf(text) {
  try {
    const { pid, started, machine: named } = JSON.parse(text ?? '')
    return Number.isInteger(pid)
      ? { pid, started, ...(typeof named === 'string' ? { machine: named } : {}) }
      : undefined
  } catch {
    return undefined
  }
}

/** @type {(text: string) => string} */
const digestOf = text => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** @type {(error: unknown) => string | undefined} */
const codeOf = error => (error instanceof Error && 'code' in error ? String(error.code) : undefined)

/**
 * The pid of a holder of this machine that is dead; undefined if there is none.
 * @param {string} file
 * @returns {number | undefined}
 */
export function deadHolder(file) {
  const text = read(file)
  const holder = holderOf(text)
  return text !== undefined && holder !== undefined && isDead(file, text, () => 0) ? holder.pid : undefined
}
