/** The plan of a run, kept with it from its first moment: what a name stands for does not change afterwards. */
import { isDeepStrictEqual } from 'node:util'
import { keepDigest } from '../../activities/store/digest-beside.js'
import { writeOnce } from '../../activities/store/files.js'
import { refuseHalfDeleted } from '../../activities/store/runs/deletion.js'
import { planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { listRuns, readPlan } from '../../activities/store/runs/runs.js'
import { configDifference, type Difference } from '../../pipelines/config/difference.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { shortened } from '../../pipelines/printable.js'

/** Differences that an error lists. */
const listed = 8
/** Characters of a value. */
const maxWritten = 120
const wholeArm = /^arms\.[^.]+$/

/** As the home has it; null if it has no run of that name. @throws RlevError CallInvalid if the run is half deleted. */
export function knownPlan(home: string, name: string): Plan | null {
  if (!listRuns(home).includes(name)) return null
  refuseHalfDeleted(home, name)
  return readPlan(home, name)
}

/**
 * Whether the home has this plan already, but for what changes no result.
 * @throws RlevError ConfigInvalid, with what differs, where the name stands for another plan and none is allowed. CallInvalid if the run is
 * half deleted.
 */
export function isKnownPlan(home: string, plan: Plan, place: string, { drift = false } = {}): boolean {
  const before = knownPlan(home, plan.name)
  if (before === null) return false
  const difference = planDifference(before, plan).filter(changesResults)
  if (difference.length === 0 || drift) return true
  const show = (side: 'a' | 'b') =>
    difference
      .slice(0, listed)
      .map(({ path, [side]: value }) => `${path} = ${written(path, value)}`)
      .join(', ')
  const more = difference.length > listed ? ` (and ${difference.length - listed} more)` : ''
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: `the run ${plan.name} was started with another config`,
    place,
    expected: `${show('a')}${more}, as in ${planPaths.plan(runFolder(home, plan.name))}`,
    found: `${show('b')}${more}`,
    remedy: remedyFor(plan.name, difference),
  })
}

function remedyFor(name: string, difference: readonly Difference[]): string {
  const other =
    'use another name for the changed config (--name); or restore the old config; or continue with the new one by --allow-drift, which tracking records'
  const [first] = difference
  const onlyLonger = difference.every(({ path, a, b }) => /(^|\.)steps$/.test(path) && Number(b) > Number(a))
  if (first === undefined || !onlyLonger) return other
  return `\`rlev extend ${name} --steps ${first.b}\` trains the further steps, if the run is over; else ${other}`
}

/** Kept whole or not at all; of two commands at the same time the first one wins, and the second is held to its plan. */
export function freezePlan(home: string, plan: Plan, place: string): void {
  const path = planPaths.plan(runFolder(home, plan.name))
  if (!writeOnce(path, `${JSON.stringify(plan, null, 2)}\n`)) isKnownPlan(home, plan, place)
  keepDigest(path)
}

/** How a judge, an endpoint or an engine is reached; who it is changes results. */
const reaching = [
  'url',
  'timeout',
  'timeoutMs',
  'attempts',
  'backoff',
  'backoffMs',
  'concurrency',
  'batch',
  'keyVariable',
]
const reached = `(judge|reward\\.endpoint)\\.(${reaching.join('|')})|reward\\.timeoutMs|engine\\.(url|inFlight|patienceMs)`
const resultless = new RegExp(`^(config|arms\\..+)\\.(durability\\.|checkpoint\\.|(${reached})$)`)

/** In which order experiments run, and whether all do. */
const order = ['settings.concurrency', 'settings.onFailure']

/** Not: how the work is cut, ordered and kept, how a judge or a verifier is reached, and seeds that come to those that there were. */
export function changesResults(difference: Difference): boolean {
  const { path } = difference
  return !order.includes(path) && !addsSeeds(difference) && !resultless.test(path)
}

/** A sweep with more seeds is the same sweep: every experiment that it had is still one of it. */
export function addsSeeds({ path, a, b }: Difference): boolean {
  return path === 'settings.seeds' && Array.isArray(a) && Array.isArray(b) && a.every(seed => b.includes(seed))
}

/** Warnings are about the program that read the config, and do not count. */
export function planDifference(before: Plan, now: Plan): Difference[] {
  const difference = configDifference(comparable(before), comparable(now))
  return difference.filter(({ a, b }) => !isDeepStrictEqual(a, b))
}

function comparable(plan: Plan): object {
  // As a plan that was written and read again: without keys whose value is undefined.
  const { warnings: _warnings, ...rest } = JSON.parse(JSON.stringify(plan)) as Plan
  if (rest.kind === 'experiment') return rest
  return { ...rest, arms: Object.fromEntries(rest.arms.map(({ name, config }) => [name, config])) }
}

/** A value as an error or a note shows it: a whole arm by the word alone. */
export function written(path: string, value: unknown): string {
  if (value === undefined) return 'nothing'
  return wholeArm.test(path) ? 'an arm' : shortened(JSON.stringify(value), maxWritten)
}
