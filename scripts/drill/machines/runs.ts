/** One run of the smallest experiment of the tests: launched on d, and waited for. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { withTemporal } from '../../../commands/runs/with-run.js'
import { RlevError } from '../../../pipelines/errors.js'
import { tinyKeys } from '../../../test/workflows/tiny.js'
import { wrongIn } from '../drill-home.js'
import type { Run } from './case.js'
import type { Build, Cluster } from './cluster.js'

/** Seconds. A machine that has more to do than it can writes the report of a run in some seconds, during which nothing else is said. */
const heartbeatTimeout = 6
/** Longest for one run, disturbed or not. (s) */
const limit = 240

export async function launch(cluster: Cluster, run: Run, place: Build = {}): Promise<void> {
  const { name, seed, steps, stepsPerActivity } = run
  const file = join(cluster.folder, 'configs', `${name}.yaml`)
  const keys = tinyKeys({
    seed,
    steps,
    evaluation: { every: 3 },
    checkpoint: { everySteps: 2, keep: 1 },
    durability: { stepsPerActivity, heartbeatTimeout },
    tracking: { experiment: name },
  })
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, stringify({ name, ...keys }))
  await cluster.told('d', ['run', file, '--detach'], place)
}

/** Why it did not end well, or null. */
export async function endOf(cluster: Cluster, name: string): Promise<string | null> {
  const home = { path: cluster.home('d') }
  for (const end = performance.now() + limit * 1000; performance.now() < end; await sleep(500)) {
    const ending = await unlessAway(() =>
      withTemporal(home, async temporal => {
        const facts = await temporal?.facts(name)
        if (facts === undefined || facts === null || facts.status === 'running') return null
        return (await temporal?.ending(name)) ?? null
      }),
    )
    if (ending !== null) return wrongIn(ending, 'it')
  }
  return `it did not end within ${limit} s`
}

/** Null while the server does not answer. */
async function unlessAway<Result>(ask: () => Promise<Result>): Promise<Result | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ServiceUnavailable') return null
    throw error
  }
}
