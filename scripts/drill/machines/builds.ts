/**
 * Workers that do not fit, beside right ones: one with an empty home that has no store, one of another home, one of another version of the code,
 * one on another processor. None of them may take a task of the run. And an upgrade in the middle of a run, one machine after the other.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bucket } from '../../../test/activities/store/objects/gateway.js'
import { otherVersion } from '../../../test/commands/other-version.js'
import { type Case, outageMs } from './case.js'
import type { Build, Cluster } from './cluster.js'
import { differences, leftInStore } from './left.js'
import { endOf, launch } from './runs.js'

const shape = { steps: 8, stepsPerActivity: 1 } as const
const misfit = 'policy on e'

const emptyHome: Case = {
  name: 'a worker with an empty home and no store beside right ones',
  ...shape,
  async disturb(cluster) {
    await cluster.moment({ step: 2 })
    await cluster.beginWorker(misfit, { variables: { RLEV_STORE: undefined }, home: join(cluster.folder, 'nothing') })
    await cluster.ended()
    if (cluster.lives(misfit)) return ['it runs']
    const said = cluster.outputOf(misfit)
    return said.includes('the home of this worker is not there') ? [] : [`it said ${said.slice(-500)}`]
  },
}

const beside = (name: string, placeOf: (cluster: Cluster) => Build): Case => ({
  name: `${name} beside right ones`,
  ...shape,
  async before(cluster) {
    const place = placeOf(cluster)
    // The home gets its name in the store.
    await cluster.command('e', ['up', '--only', 'servers'], place)
    await cluster.startWorker(misfit, place)
  },
  async disturb(cluster) {
    await cluster.ended()
    const said = cluster.outputOf(misfit)
    const lived = cluster.lives(misfit)
    await cluster.end(misfit)
    rmSync(cluster.home('e'), { recursive: true, force: true })
    return [...(lived ? [] : ['it ended']), ...(said.includes('Activity started') ? ['it took a task'] : [])]
  },
})

/** It could begin a run, but not go on with one: another processor adds in another order. */
const otherProcessor: Case = {
  name: 'a worker on another processor beside right ones, which are cut off',
  ...shape,
  async disturb(cluster) {
    await cluster.moment({ step: 2 })
    const processor = join(cluster.folder, 'cpuinfo')
    const model = 'Processor of machine e'
    const there = readFileSync('/proc/cpuinfo', 'utf8')
    writeFileSync(processor, there.replaceAll(/^(model name\s*: ).*$/gm, `$1${model}`))
    for (const host of ['b', 'c'] as const) cluster.network.cable(host, 'down')
    await cluster.startWorker(misfit, { processor })
    // It asks for tasks of runs that have begun once TensorFlow is loaded.
    await sleep(2 * outageMs)
    for (const host of ['b', 'c'] as const) cluster.network.cable(host, 'up')
    await cluster.ended()
    const said = cluster.outputOf(misfit)
    await cluster.end(misfit)
    return said.includes('Activity started') ? ['it took a task'] : []
  },
}

const upgrade: Case = {
  name: 'an upgrade in the middle of a run, one machine after the other',
  ...{ steps: 12, stepsPerActivity: 1 },
  async disturb(cluster, run) {
    const build = upgraded(cluster)
    const atWork = await cluster.moment({ step: 3 })
    const first = atWork === 'b' ? 'policy on c' : 'policy on b'
    await cluster.end(first)
    await Promise.all([first, 'orchestrator on e'].map(part => cluster.startWorker(part, { build })))
    const next = { ...run, name: `${run.name}-upgraded` }
    await launch(cluster, next, { build })
    const failure = await endOf(cluster, next.name)
    await cluster.ended()
    await Promise.all([first, 'orchestrator on e'].map(part => cluster.end(part)))
    if (failure !== null) return [failure]
    return differences(next.name, await leftInStore(cluster, run.name), await leftInStore(cluster, next.name))
  },
}

function upgraded({ folder }: Cluster): string {
  const checkout = join(folder, 'upgraded')
  return existsSync(checkout) ? join(checkout, 'dist') : otherVersion(checkout)
}

export const buildCases: readonly Case[] = [
  emptyHome,
  beside('a worker of another home', () => ({ variables: { RLEV_STORE: `s3://${bucket}/other` } })),
  beside('a worker of another version', cluster => ({ build: upgraded(cluster) })),
  otherProcessor,
  upgrade,
]
