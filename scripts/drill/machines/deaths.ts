/** SIGKILL to each process, and to all that runs on a machine, whose place another machine takes with an empty home. */
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case } from './case.js'
import type { Moment } from './log-tail.js'

/** Until what was killed is started again. (ms) */
const awayMs = 5_000

const ofServer = (part: string, ms = awayMs): Case => ({
  name: `kill of ${part}`,
  ...{ steps: 8, stepsPerActivity: 1 },
  async disturb(cluster) {
    await cluster.moment({ step: 3 })
    await cluster.kill(part)
    await sleep(ms)
    return []
  },
})

const worker: Case = {
  name: 'kill of the policy worker at work',
  ...{ steps: 8, stepsPerActivity: 4 },
  async disturb(cluster) {
    const host = await cluster.moment({ step: 5 })
    await cluster.kill(`policy on ${host}`)
    return []
  },
}

const engine: Case = {
  name: 'kill of the engine process at work',
  ...{ steps: 8, stepsPerActivity: 4 },
  async disturb(cluster) {
    const host = await cluster.moment({ step: 5 })
    cluster.killEngine(`policy on ${host}`)
    return []
  },
}

const machine = (name: string, moment: Moment, stepsPerActivity: number): Case => ({
  name: `machine replaced by an empty one, in ${name}`,
  ...{ steps: 8, stepsPerActivity },
  async disturb(cluster) {
    await cluster.replace(await cluster.moment(moment))
    return []
  },
})

const servers: Case = {
  name: 'machine of the servers and the orchestrator, whose home is lost',
  ...{ steps: 8, stepsPerActivity: 1 },
  async disturb(cluster) {
    await cluster.moment({ step: 3 })
    await cluster.network.kill('a')
    rmSync(cluster.home('a'), { recursive: true, force: true })
    await sleep(awayMs)
    return []
  },
}

/** `production`: with PostgreSQL, which is killed too. */
export const deathCases = ({ production }: { production: boolean }): readonly Case[] => [
  ofServer('temporal on a'),
  ...(production ? [ofServer('postgresql on a', 20_000)] : []),
  ofServer('mlflow on a'),
  ofServer('store on a'),
  ofServer('orchestrator on a'),
  worker,
  engine,
  machine('warm start', { activity: 'warmStart' }, 3),
  machine('training', { step: 5 }, 4),
  machine('an update', { activity: 'updatePolicy' }, 1),
  servers,
]
