/** `rlev list`: the runs of a home and the disk that they take. Reads only; works with the services down. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { bytesUnder } from '../activities/store/disk-use.js'
import { readReferences } from '../activities/store/references.js'
import { isHalfDeleted } from '../activities/store/runs/deletion.js'
import { planPaths, runFolder } from '../activities/store/runs/run-folder.js'
import { experimentsOf, listRuns, readPlan } from '../activities/store/runs/runs.js'
import type { Plan } from '../pipelines/config/schema.js'
import { RlevError } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import { printable } from '../pipelines/printable.js'
import { layOutTable } from '../pipelines/text/table.js'
import { lookAtRun } from './runs/run-status.js'
import type { RunState } from './runs/run-view.js'
import type { TemporalRuns } from './runs/temporal-runs.js'
import { withTemporal } from './runs/with-run.js'
import { type Home, openHome } from './services/home.js'
import { diskText, formatMoment } from './text/format.js'
import { toJson } from './text/json.js'

interface ListedRun {
  name: string
  /** Undefined if its plan is damaged. */
  kind?: Plan['kind']
  state: RunState | 'half deleted' | 'damaged'
  /** The fewest that an experiment has made, and the most that one is to make. */
  steps: { done: number; of: number }
  arms: number
  experiments: { done: number; of: number }
  /** Under `runs/NAME`. */
  bytes: number
  /** In the store, of outputs that the run refers to; other runs may refer to them too. */
  sharedBytes: number
  /** When its work began, else when its plan was stored; ms since 1970. */
  startedAt: number
  endedAt?: number
}

/** `storeBytes`: of all outputs that runs share, and of stored answers of servers. */
interface Listing {
  home: string
  runs: ListedRun[]
  storeBytes: number
}

export async function list({ home: path, json = false }: { home?: string | undefined; json?: boolean }): Promise<void> {
  const listing = await listingOf(openHome(path))
  console.log(json ? toJson(listing) : printable(textOf(listing)))
}

async function listingOf(home: Home): Promise<Listing> {
  const runs = await withTemporal(home, async temporal => {
    const listed: ListedRun[] = []
    for (const name of listRuns(home.path)) listed.push(await listedRun(home, name, temporal))
    return listed.sort((a, b) => b.startedAt - a.startedAt)
  })
  return { home: home.path, runs, storeBytes: bytesUnder(join(home.path, 'store')) }
}

async function listedRun(home: Home, name: string, temporal: TemporalRuns | undefined): Promise<ListedRun> {
  const folder = runFolder(home.path, name)
  const none = { done: 0, of: 0 }
  const facts = {
    name,
    bytes: bytesUnder(folder),
    sharedBytes: 0,
    startedAt: statSync(planPaths.plan(folder)).mtimeMs,
    steps: none,
    arms: 0,
    experiments: none,
  }
  try {
    const plan = readPlan(home.path, name)
    const { experiments, kind, state, startedAt, endedAt } = await lookAtRun(home, name, temporal)
    return {
      ...facts,
      kind,
      state: isHalfDeleted(home.path, name) ? 'half deleted' : state,
      steps: {
        done: Math.min(...experiments.map(({ step }) => step)),
        of: Math.max(...experiments.map(({ steps }) => steps)),
      },
      arms: plan.kind === 'sweep' ? plan.arms.length : 1,
      experiments: { done: experiments.filter(({ state }) => state === 'done').length, of: experiments.length },
      sharedBytes: bytesUnder(...sharedBy(home.path, plan)),
      ...given({ startedAt, endedAt }),
    }
  } catch (error) {
    if (!(error instanceof RlevError && error.kind === 'ArtifactDamaged')) throw error
    return { ...facts, state: 'damaged' }
  }
}

function sharedBy(home: string, plan: Plan): string[] {
  const paths = experimentsOf(plan).flatMap(({ id }) => {
    const references = readReferences(runFolder(home, id))
    return [...references.values()].map(({ uri }) => join(home, uri))
  })
  return [...new Set(paths)]
}

function textOf({ home, runs, storeBytes }: Listing): string {
  if (runs.length === 0) return `no runs in ${home} yet: start one with \`rlev run\` or \`rlev sweep\``
  const rows = runs.map(({ name, kind, state, steps, arms, experiments, bytes, sharedBytes, startedAt }) => [
    name,
    kind ?? '',
    state,
    `${steps.done}/${steps.of}`,
    String(arms),
    `${experiments.done}/${experiments.of}`,
    diskText(bytes),
    diskText(sharedBytes),
    formatMoment(startedAt),
  ])
  const columns = [
    { heading: 'name', shrinks: true },
    { heading: 'kind' },
    { heading: 'state' },
    ...['steps', 'arms', 'done', 'disk', 'shared'].map(heading => ({ heading, align: 'right' as const })),
    { heading: 'started' },
  ]
  const own = runs.reduce((sum, { bytes }) => sum + bytes, 0)
  return [
    ...layOutTable({ columns, rows }),
    `${runs.length === 1 ? '1 run takes' : `${runs.length} runs take`} ${diskText(own)}, and what they share ${diskText(storeBytes)}, in ${home}`,
  ].join('\n')
}
