/**
 * Commands with an object store: what they read comes to the folder first, what they changed goes to the store before anything is started on
 * it. Without a store nothing is done.
 */
import pLimit from 'p-limit'
import { type Mirror, mirrorOf } from '../../activities/store/mirror/mirror.js'
import { storeAddress, storeVariable } from '../../activities/store/objects/address.js'
import { experimentsOf, listRuns, readPlan } from '../../activities/store/runs/runs.js'
import { RlevError } from '../../pipelines/errors.js'

/** `progress`: what tells how far a run is. `exam`: and its items. `policies`: and its checkpoints. `all`: everything. */
export type Depth = 'progress' | 'exam' | 'policies' | 'all'

const atOnce = 8
/** Milliseconds. A live view looks several times a second. */
const pauseMs = 5_000

const mirrors = new Map<string, Mirror | null>()
const pulledAt = new Map<string, number>()

/** One for each home, with what this process knows of the store. */
export function sharedHome(home: string): Mirror | null {
  const mirror = mirrors.has(home) ? (mirrors.get(home) ?? null) : mirrorOf(home)
  mirrors.set(home, mirror)
  return mirror
}

/** The plans of all runs, and the name of the home. */
export async function pullRuns(home: string): Promise<void> {
  const mirror = sharedHome(home)
  await mirror?.join()
  await mirror?.pullPlans()
}

/** A run that the store does not have is left as it is. */
export async function pullRun(home: string, name: string, depth: Depth): Promise<void> {
  const mirror = sharedHome(home)
  if (mirror === null || !listRuns(home).includes(name)) return
  const limit = pLimit(atOnce)
  const ids = experimentsOf(readPlan(home, name)).map(({ id }) => id)
  if (!ids.includes(name)) await mirror.pullPlan(name)
  await Promise.all(ids.map(id => limit(() => mirror.pullDepth(id, depth, { plan: false }))))
  pulledAt.set(`${home} ${name}`, Date.now())
}

/** Where a run is now, for views that look again and again. */
export async function pullProgress(home: string, name: string): Promise<void> {
  if (Date.now() - (pulledAt.get(`${home} ${name}`) ?? 0) < pauseMs) return
  await pullRun(home, name, 'progress')
}

/** Files that a command has changed, before a workflow reads them on another machine. */
export async function pushRun(home: string, name: string): Promise<void> {
  const mirror = sharedHome(home)
  if (mirror === null) return
  const ids = experimentsOf(readPlan(home, name)).map(({ id }) => id)
  // The folder of a sweep once, not with each of its experiments.
  for (const id of new Set([name, ...ids])) await mirror.push(id, { fenced: false, plan: false })
}

/** @throws RlevError CallInvalid for a command whose result would name a folder of this machine alone. */
export function refuseWithStore(command: string): void {
  if (storeAddress() === undefined) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `\`rlev ${command}\` does not work with an object store`,
    place: storeVariable,
    expected: 'a home that is a folder: the new run would start from a checkpoint in a folder of this machine',
    remedy: 'write the checkpoint to a folder that all machines have (`rlev checkpoint`), and start a run from there',
  })
}
