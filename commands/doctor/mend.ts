/**
 * What `rlev doctor` mends: what is surely of nobody any more. Records and locks of processes that are dead, unfinished files whose
 * maker is dead, runs that MLflow believes to be at work and that are over. Never anything that a living process may hold.
 */
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  type ProcessName,
  type ProcessRecord,
  readRecord,
  recordFile,
  type ServicesRecord,
  writeRecord,
} from '../../activities/machine/services-record.js'
import { stateFolder } from '../../activities/machine/state-folder.js'
import { isCode } from '../../activities/store/files.js'
import { isHalfDeleted } from '../../activities/store/runs/deletion.js'
import { runFolder } from '../../activities/store/runs/run-folder.js'
import { listRuns } from '../../activities/store/runs/runs.js'
import { temporaryPrefix } from '../../activities/store/temporary-names.js'
import { isAway } from '../runs/asked-of-temporal.js'
import type { Home } from '../services/home.js'
import { processStart } from '../services/identity.mjs'
import { withLock } from '../services/lock.js'
import { deadHolder } from '../services/lock-file.mjs'
import { hasEnded } from '../services/processes.js'
import { lockFile } from '../services/up.js'
import { standingOf } from './leftovers.js'
import type { Mending } from './mending.js'
import { mendTracking } from './tracking.js'

/** `mend`: false tells what would be done. */
export async function mendHome(home: Home, { mend }: { mend: boolean }): Promise<Mending[]> {
  return [
    ...(await mendLock(home, mend)),
    ...(await mendRecords(home, mend)),
    ...mendBeside(home, mend),
    ...mendLeftovers(home, mend),
    ...halfDeleted(home),
    ...(await mendTracking(home, mend)),
  ]
}

/** The lock of `up` and `down`: taken over from the dead as the next `up` would, and let go. */
async function mendLock(home: Home, mend: boolean): Promise<Mending[]> {
  const pid = deadHolder(lockFile(home))
  if (pid === undefined) return []
  const what = `a lock of process ${pid}, which is dead`
  return underLock(home, mend, done => [{ done, place: lockFile(home), what }])
}

/** What `up` writes before it becomes the lock or the record; the name says by whom. */
function mendBeside(home: Home, mend: boolean): Mending[] {
  const path = stateFolder(home)
  return namesOf(path).flatMap((name): Mending[] => {
    const place = join(path, name)
    const pid = makerOf(place)
    if (pid === undefined || processStart(pid) !== undefined || !isOld(place)) return []
    return [remove(place, `left by process ${pid}, which is dead`, mend)]
  })
}

/** The process that a file beside lock and record names: in its own name, or, if it is the right to take over a lock, in the file. */
function makerOf(place: string): number | undefined {
  const name = basename(place)
  const [pid] = /^(?:up\.lock(?:\.[0-9a-f]{16})*|\.services)\.(\d+)\.(?:\d+|json)$/.exec(name)?.slice(1) ?? []
  if (pid !== undefined) return Number(pid)
  return /^up\.lock(?:\.[0-9a-f]{16})+$/.test(name) ? deadHolder(place) : undefined
}

/** `work` gets what it is to call its doings. Where an `up` or `down` is at work all the while, that one mends by itself. */
async function underLock(home: Home, mend: boolean, work: (done: Mending['done']) => Mending[]): Promise<Mending[]> {
  if (!mend) return work('would')
  let holder = 0
  const onWait = (pid: number) => {
    holder = pid
  }
  try {
    return await withLock({ file: lockFile(home), timeoutMs: 5_000, onWait }, async () => work('mended'))
  } catch (error) {
    if (!isAway(error) || holder === 0) throw error
    return [{ done: 'left', place: lockFile(home), what: `process ${holder} is starting or ending the services` }]
  }
}

/** Under the lock of `up`, whose record it is. */
async function mendRecords(home: Home, mend: boolean): Promise<Mending[]> {
  const place = recordFile(home)
  const deadIn = ({ processes }: ServicesRecord) =>
    (Object.entries(processes) as [ProcessName, ProcessRecord][]).filter(([, record]) => hasEnded(record))
  if (deadIn(readRecord(home)).length === 0) return []
  return underLock(home, mend, done => {
    const record = readRecord(home)
    const dead = deadIn(record)
    for (const [name] of dead) delete record.processes[name]
    if (done === 'mended') writeRecord(home, record)
    return dead.map(([name, { pid }]) => ({
      done,
      place,
      what: `the record of ${name}, process ${pid}, which is dead`,
    }))
  })
}

/** Under `runs` and `store`, and at the top of the home. */
function mendLeftovers({ path }: Home, mend: boolean): Mending[] {
  const places = [
    ...temporariesIn(path, false),
    ...['runs', 'store'].flatMap(name => temporariesIn(join(path, name), true)),
  ]
  return places.flatMap((place): Mending[] => {
    const standing = standingOf(place)
    if (standing === 'at work') return []
    if (standing === 'left') return [remove(place, 'unfinished, and the process that made it has ended', mend)]
    return [{ done: 'left', place, what: 'unfinished, and it cannot be told from here whether its maker lives' }]
  })
}

/** Its note keeps whether Temporal and MLflow are to delete theirs too, for which they must answer. */
function halfDeleted({ path }: Home): Mending[] {
  const names = listRuns(path).filter(name => isHalfDeleted(path, name))
  return names.map(name => ({
    done: 'left',
    place: runFolder(path, name),
    what: `${name} is half deleted: \`rlev delete ${name}\` completes the deletion`,
  }))
}

function temporariesIn(folder: string, deep: boolean): string[] {
  return namesOf(folder).flatMap(name => {
    const place = join(folder, name)
    if (name.startsWith(temporaryPrefix)) return [place]
    return deep && isFolder(place) ? temporariesIn(place, true) : []
  })
}

function remove(place: string, what: string, mend: boolean): Mending {
  if (mend) rmSync(place, { recursive: true, force: true })
  return { done: mend ? 'mended' : 'would', place, what }
}

function isOld(path: string): boolean {
  try {
    return Date.now() - lstatSync(path).mtimeMs > 60_000
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

/** False for a link: what it leads to does not belong to this home. */
function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory()
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []
    throw error
  }
}
