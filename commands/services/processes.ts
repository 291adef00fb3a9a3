/**
 * Processes that outlive the command which started them: each in its own session and process group, without a
 * terminal, its output in a log file; ended by that group, once it is certain that the group is ours.
 */

import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessRecord } from '../../activities/machine/services-record.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { isOfThisBoot, membersOf, processStart } from './identity.mjs'

export interface StartOptions {
  command: string
  args: readonly string[]
  log: string
  cwd: string
  env?: NodeJS.ProcessEnv
  purpose?: string
}

/**
 * Starts a process and comes back as soon as it has a pid, whether or not it is ready.
 * @throws RlevError PartMissing when the program cannot be started.
 */
export async function startDetached({ command, args, log, cwd, env, purpose }: StartOptions): Promise<ProcessRecord> {
  mkdirSync(dirname(log), { recursive: true })
  const logStart = existsSync(log) ? statSync(log).size : 0
  const output = openSync(log, 'a')
  try {
    const child = spawn(command, args, {
      cwd,
      detached: true,
      stdio: ['ignore', output, output],
      ...given({ env }),
    })
    await new Promise<void>((settle, fail) => {
      child.once('spawn', () => settle())
      child.once('error', fail)
    })
    child.unref()
    const pid = child.pid ?? 0
    // One that ended at once has no start to read any more; the empty text matches no living process.
    return { pid, started: processStart(pid) ?? '', log, logStart, ...given({ purpose }) }
  } catch (cause) {
    throw new RlevError({
      kind: 'PartMissing',
      message: 'a service cannot be started',
      place: command,
      expected: 'a program that this user may run',
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'run `npm run setup`; `bin/rlev doctor` shows the state of each part',
      cause,
    })
  } finally {
    closeSync(output)
  }
}

/** Whether the recorded process still lives. A recycled pid belongs to another process and gives false. */
export function isAlive(record: ProcessRecord | undefined): record is ProcessRecord {
  return record !== undefined && record.started !== '' && processStart(record.pid) === record.started
}

/** The end of what this process wrote, at most `limit` bytes: a log may be long, and is not read whole. */
export function outputOf({ log, logStart }: ProcessRecord, limit = 4_000): string {
  const size = existsSync(log) ? statSync(log).size : 0
  return partOf(log, Math.max(logStart, size - limit), size)
}

/** The beginning of what this process wrote, at most `limit` bytes. */
export function openingOf({ log, logStart }: ProcessRecord, limit: number): string {
  const size = existsSync(log) ? statSync(log).size : 0
  return partOf(log, logStart, Math.min(size, logStart + limit))
}

function partOf(file: string, from: number, to: number): string {
  if (to <= from) return ''
  const handle = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(to - from)
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, from)).toString('utf8')
  } finally {
    closeSync(handle)
  }
}

/**
 * Ends the process and all of its group: SIGTERM, then SIGKILL after `timeoutMs`; SIGKILL at once if that is 0. A
 * group whose leader went first is ended too: its number is not lent again while a member lives.
 * @returns false when nothing of it was left.
 */
export async function endProcess(record: ProcessRecord, { timeoutMs }: { timeoutMs: number }): Promise<boolean> {
  if (hasEnded(record)) return false
  if (timeoutMs > 0) signalGroup(record.pid, 'SIGTERM')
  const end = performance.now() + timeoutMs
  while (membersOf(record.pid).length > 0 && performance.now() < end) await sleep(50)
  if (membersOf(record.pid).length > 0) signalGroup(record.pid, 'SIGKILL')
  while (membersOf(record.pid).length > 0) await sleep(20)
  return true
}

/** Whether nothing of the recorded process is left, not even a member of its group. */
export function hasEnded(record: ProcessRecord): boolean {
  return !isAlive(record) && !outlivesItsLeader(record)
}

const outlivesItsLeader = ({ pid, started }: ProcessRecord): boolean =>
  isOfThisBoot(started) && processStart(pid) === undefined && membersOf(pid).length > 0

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch (error) {
    // The last member ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
