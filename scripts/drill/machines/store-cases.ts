/** The object store is away, slow, busy, or loses its answers. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case } from './case.js'
import type { Cluster } from './cluster.js'
import type { Moment } from './log-tail.js'
import type { StoreStrikes } from './store-faults.js'

/** Longer than a request to the store is repeated, so that stages fail and are tried again. (ms) */
const awayMs = 25_000

const forAWhile = (name: string, strikes: StoreStrikes, moment: Moment): Case => ({
  name: `store ${name}`,
  ...{ steps: 8, stepsPerActivity: 1 },
  async disturb(cluster) {
    await cluster.moment(moment)
    return struckWhile(cluster, async () => {
      cluster.faults.set(strikes)
      await sleep(awayMs)
      cluster.faults.none()
    })
  },
})

/** From the launch to the end, which the launching command and the orchestrator meet too. */
const throughout = (name: string, strikes: StoreStrikes): Case => ({
  name: `store ${name}`,
  ...{ steps: 8, stepsPerActivity: 3 },
  before: async cluster => cluster.faults.set(strikes),
  async disturb(cluster) {
    return struckWhile(cluster, () => cluster.ended())
  },
})

async function struckWhile(cluster: Cluster, work: () => Promise<void>): Promise<string[]> {
  const total = () => {
    const { requests, ...faults } = cluster.faults.struck()
    return Object.values(faults).reduce((sum, count) => sum + count, 0)
  }
  const before = total()
  await work()
  return total() > before ? [] : ['no fault of the store struck']
}

const slow: Case = {
  name: 'store slow, half a second a request',
  ...{ steps: 6, stepsPerActivity: 3 },
  before: async cluster => cluster.faults.set({ delayMs: 500 }),
  async disturb(cluster) {
    await cluster.ended()
    return []
  },
}

export const storeCases: readonly Case[] = [
  forAWhile('away in warm start', { cut: 1 }, { activity: 'warmStart' }),
  forAWhile('away in training', { cut: 1 }, { step: 3 }),
  forAWhile('busy (503) in training', { slowDown: 1 }, { step: 3 }),
  slow,
  throughout('busy (503), each third request', { slowDown: 0.33 }),
  throughout('with 409 for each third write', { conflict: 0.33 }),
  throughout('that loses the answers of a third of the writes', { lost: 0.33 }),
]
