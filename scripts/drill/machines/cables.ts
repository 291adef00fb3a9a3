/** A cable is pulled for longer than the heartbeat timeout, in each phase that a policy worker computes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Case, outageMs } from './case.js'
import type { Moment } from './log-tail.js'
import type { Host } from './network.js'

const phases: readonly { name: string; moment: Moment; stepsPerActivity: number }[] = [
  { name: 'warm start', moment: { activity: 'warmStart' }, stepsPerActivity: 3 },
  { name: 'evaluation', moment: { activity: 'evaluatePolicy' }, stepsPerActivity: 3 },
  { name: 'rollout', moment: { activity: 'rollOut' }, stepsPerActivity: 1 },
  { name: 'update', moment: { activity: 'updatePolicy' }, stepsPerActivity: 1 },
  { name: 'several steps', moment: { step: 5 }, stepsPerActivity: 4 },
]

const ofTheWorker = phases.map(
  ({ name, moment, stepsPerActivity }): Case => ({
    name: `cable of the machine at work, in ${name}`,
    ...{ steps: 8, stepsPerActivity },
    async disturb(cluster) {
      const host = await cluster.moment(moment)
      cluster.network.cable(host, 'down')
      await sleep(outageMs)
      cluster.network.cable(host, 'up')
      return []
    },
  }),
)

const ofSeveral = (name: string, hosts: readonly Host[]): Case => ({
  name,
  ...{ steps: 8, stepsPerActivity: 1 },
  async disturb(cluster) {
    await cluster.moment({ step: 3 })
    for (const host of hosts) cluster.network.cable(host, 'down')
    await sleep(outageMs)
    for (const host of hosts) cluster.network.cable(host, 'up')
    return []
  },
})

export const cableCases: readonly Case[] = [
  ...ofTheWorker,
  ofSeveral('cables of both policy workers', ['b', 'c']),
  ofSeveral('cable of the servers', ['a']),
]
