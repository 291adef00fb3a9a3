/**
 * A config of the user (`--config`), launched on d while the only workers are on b and c: PostgreSQL, if there is one, is killed and away for a
 * while, the one of b and c that samples is killed whole and replaced by a machine with an empty home, and the cable of the other is pulled
 * while it samples. Weights, comparison and conclusion must be those of the command alone on one machine, with its own servers and a folder
 * as its home.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadPlan } from '../../../pipelines/config/load.js'
import type { Plan } from '../../../pipelines/config/schema.js'
import type { Build, Cluster } from './cluster.js'

/** Heartbeat timeouts of users' configs are longer than those of the other cases. (ms) */
const outageMs = 45_000
/** (ms) */
const soonMs = 180_000

interface Told {
  /** sha256 by experiment. */
  weights: Record<string, string>
  /** JSON of `compare`, and its table. */
  comparison: { json: string; table: string }
}

/** What was wrong, a sentence each. */
export async function launchedConfig(options: {
  cluster: Cluster
  config: string
  /** With PostgreSQL. */
  production: boolean
  say: (line: string) => void
}): Promise<string[]> {
  const { cluster, config, production, say } = options
  const plan = loadPlan({ path: config })
  const alone = await ranAlone(cluster, plan, config)
  say(`${plan.name} on one machine: ${Object.keys(alone.told.weights).length} experiments in ${seconds(alone.ms)}`)

  const began = performance.now()
  cluster.mark()
  await cluster.told('d', [kindOf(plan), config, '--detach'])
  if (production) {
    await cluster.moment({ activity: 'warmStart' })
    await cluster.kill('postgresql on a')
    await sleep(outageMs)
    await cluster.mend()
    say(`PostgreSQL is back after ${outageMs / 1000} s`)
  }
  const replaced = await cluster.moment({ step: 3 })
  await cluster.replace(replaced)
  say(`${replaced} is another machine, with an empty home`)
  const cutOff = await samplerSoon(cluster, replaced === 'b' ? 'c' : 'b')
  cluster.network.cable(cutOff, 'down')
  await sleep(outageMs)
  cluster.network.cable(cutOff, 'up')
  say(`the cable of ${cutOff} is back after ${outageMs / 1000} s`)
  await cluster.told('d', ['watch', plan.name])
  cluster.over()
  const found = await toldOf(cluster, plan, {})
  say(`${plan.name} launched on d: ${seconds(performance.now() - began)}`)
  return [
    ...Object.entries(alone.told.weights).flatMap(([id, weights]) =>
      found.weights[id] === weights ? [] : [`weights of ${id} are ${found.weights[id]}, on one machine ${weights}`],
    ),
    ...(found.comparison.json === alone.told.comparison.json ? [] : ['compare --json: other than on one machine']),
    ...(found.comparison.table === alone.told.comparison.table ? [] : ['compare: another table than on one machine']),
  ]
}

/** A run that is so short that nothing is left to sample would be waited for in vain. */
function samplerSoon(cluster: Cluster, host: 'b' | 'c'): Promise<'b' | 'c'> {
  const late = sleep(soonMs).then(() => Promise.reject(new Error(`${host} sampled nothing in ${soonMs / 1000} s`)))
  return Promise.race([cluster.nextSampler([host]), late])
}

async function ranAlone(cluster: Cluster, plan: Plan, config: string): Promise<{ told: Told; ms: number }> {
  const place: Build = {
    home: join(cluster.folder, 'alone'),
    variables: {
      ...{ TEMPORAL_ADDRESS: undefined, TEMPORAL_NAMESPACE: undefined, MLFLOW_TRACKING_URI: undefined },
      ...{ RLEV_STORE: undefined, RLEV_WORKERS: undefined },
    },
  }
  try {
    const { status, err, milliseconds } = await cluster.command('d', [kindOf(plan), config], place)
    if (status !== 0) throw new Error(`the run on one machine ended with ${status}: ${err.slice(-1000)}`)
    return { told: await toldOf(cluster, plan, place), ms: milliseconds }
  } finally {
    await cluster.command('d', ['down'], place)
  }
}

async function toldOf(cluster: Cluster, { name }: Plan, place: Build): Promise<Told> {
  const answer = (...words: string[]) => cluster.told('d', words, place)
  const { experiments } = JSON.parse(await answer('status', name, '--json')) as {
    experiments: { id: string; state: string; weights?: string }[]
  }
  const weights = experiments.map(({ id, state, weights: found }) => [id, state === 'done' ? (found ?? '') : state])
  return {
    weights: Object.fromEntries(weights),
    comparison: { json: await answer('compare', name, '--json'), table: (await answer('compare', name)).trim() },
  }
}

const kindOf = (plan: Plan): string => (plan.kind === 'sweep' ? 'sweep' : 'run')
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(0)} s`
