/**
 * Which attempt may write into an experiment's folder. After a missed heartbeat two attempts of an activity can run at once. The later
 * one takes the fence; the earlier one, when it wakes, finds that it is no longer the owner and commits nothing. It cannot take the
 * fence back: attempts have an order, which the file keeps, and which depends on no clock.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { failPoint } from '../fail-points/fail-point.js'
import { makePath, readIfThere, replaceUnsynced } from './files.js'

/** An attempt of an activity, and its order among those of its experiment. */
export interface Attempt {
  /** Run id of the workflow; it changes when the workflow continues as new or is started again. */
  run: string
  /** Number of the activity in that run; the activities that take the fence run one after the other. */
  activity: number
  /** From 1. */
  attempt: number
}

/** Content of the file `owner`. */
export interface Owner extends Attempt {
  id: string
  /** Runs that had the fence before `run`, the newest last. */
  past: readonly string[]
}

/** An attempt of a run before these would have slept through as many runs. */
const maxPastRuns = 100

export class Fence {
  readonly #path: string
  readonly #owner: string

  private constructor(path: string, owner: string) {
    this.#path = path
    this.#owner = owner
  }

  /** Takes the fence of a folder from an earlier attempt, or again. Throws FenceLost when a later one has had it. */
  static take(folder: string, attempt: Attempt): Fence {
    makePath(folder)
    const path = join(folder, 'owner')
    failPoint('fence.before')
    const there = () => ownerOf(readIfThere(path)?.toString('utf8'))
    const fence = new Fence(path, ownerText(there(), attempt, path))
    // Not synced: no attempt outlives a power cut. A worker may be stopped and replaced meanwhile: checked again right before the rename.
    replaceUnsynced(path, fence.#owner, { mayCommit: () => refuseLater(there(), attempt, path) })
    failPoint('fence.after')
    return fence
  }

  /** Throws FenceLost when another attempt has taken over. */
  check(): void {
    if (readIfThere(this.#path)?.toString('utf8') !== this.#owner) throw new FenceLost(this.#path)
  }
}

/** Not an error of the run: the attempt that took over goes on. */
export class FenceLost extends Error {
  constructor(path: string) {
    super(`another attempt has taken over (${path}); this one commits nothing`)
    this.name = 'FenceLost'
  }
}

/** What an attempt writes to take the fence from `before`, at a file or an object `place`. Throws FenceLost if that is a later attempt. */
export function ownerText(before: Owner | null, attempt: Attempt, place: string): string {
  refuseLater(before, attempt, place)
  return JSON.stringify({ ...attempt, id: randomUUID(), past: pastOf(before, attempt) } satisfies Owner)
}

function refuseLater(owner: Owner | null, attempt: Attempt, place: string): void {
  if (owner !== null && isLater(owner, attempt)) throw new FenceLost(place)
}

function isLater(owner: Owner, { run, activity, attempt }: Attempt): boolean {
  if (owner.run !== run) return owner.past.includes(run)
  return owner.activity > activity || (owner.activity === activity && owner.attempt > attempt)
}

function pastOf(before: Owner | null, { run }: Attempt): readonly string[] {
  if (before === null) return []
  return before.run === run ? before.past : [...before.past, before.run].slice(-maxPastRuns)
}

/** Null if the file is missing or cannot be read: no later attempt is then known. */
export function ownerOf(text: string | undefined): Owner | null {
  if (text === undefined) return null
  try {
    const { past, ...owner } = JSON.parse(text) as Owner
    return Array.isArray(past) ? { ...owner, past } : null
  } catch {
    return null
  }
}
