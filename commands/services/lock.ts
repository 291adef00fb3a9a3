/**
 * One at a time: a file that names its holder by pid and start. A holder that died leaves a file which the next one
 * recognizes and takes over, so an interrupted `up` blocks nobody.
 */

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RlevError } from '../../pipelines/errors.js'
import { processStart } from './identity.js'

interface Holder {
  pid: number
  started: string
}

export interface LockOptions {
  file: string
  /** Milliseconds to wait for the holder. */
  patience: number
  /** Called once when somebody else holds the lock. */
  onWait?: (pid: number) => void
}

/**
 * Runs `work` while no other process runs under the same file.
 * @throws RlevError ServiceUnavailable when the holder does not let go within `patience`.
 */
export async function withLock<Result>(options: LockOptions, work: () => Promise<Result>): Promise<Result> {
  await acquire(options)
  try {
    return await work()
  } finally {
    rmSync(options.file, { force: true })
  }
}

let count = 0

async function acquire({ file, patience, onWait }: LockOptions): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  const mine = `${file}.${process.pid}.${count++}`
  writeFileSync(mine, JSON.stringify({ pid: process.pid, started: processStart(process.pid) }))
  const end = performance.now() + patience
  let told = false
  try {
    for (;;) {
      // A link appears with its content or not at all, and fails where there is one already.
      if (tryLink(mine, file)) return
      const holder = readHolder(file)
      if (holder !== undefined && processStart(holder.pid) !== holder.started) {
        setAside(file, holder)
        continue
      }
      if (holder !== undefined && !told) onWait?.(holder.pid)
      told = true
      if (performance.now() > end) throw heldTooLong(file, holder)
      await sleep(100)
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder
  } catch (error) {
    // Let go between the two calls.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Two that find the same dead holder must not both remove "it": what was moved aside is looked at, and put back if it is new. */
function setAside(file: string, dead: Holder): void {
  const aside = `${file}.${process.pid}.${count++}`
  try {
    renameSync(file, aside)
  } catch (error) {
    // Another one set it aside first.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = readHolder(aside)
  if (moved !== undefined && (moved.pid !== dead.pid || moved.started !== dead.started)) tryLink(aside, file)
  rmSync(aside, { force: true })
}

function heldTooLong(file: string, holder: Holder | undefined): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'another command is starting or ending the services of this home',
    place: file,
    expected: 'that it is done by now',
    found: `process ${holder?.pid ?? 'unknown'} still at it`,
    remedy: 'wait for it, or end that process and call again',
  })
}
