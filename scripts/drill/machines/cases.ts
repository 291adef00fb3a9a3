/** The cases one after another on the same machines, each run compared with an undisturbed one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { RlevError } from '../../../pipelines/errors.js'
import type { InsideCall } from '../machines.js'
import type { DrillResult } from '../result.js'
import { buildCases } from './builds.js'
import { cableCases } from './cables.js'
import { type Case, outageMs } from './case.js'
import { clockCases } from './clocks.js'
import { Cluster } from './cluster.js'
import { deathCases } from './deaths.js'
import { launchedConfig } from './launched.js'
import { differences, type Left, leftInStore } from './left.js'
import type { Network } from './network.js'
import { endOf, launch } from './runs.js'
import { storeCases } from './store-cases.js'

interface DrillInside extends Omit<InsideCall, 'network'> {
  network: Network
  say: (line: string) => void
}

export async function drill(options: DrillInside): Promise<DrillResult> {
  const { network, folder, seed, say, temporal, config } = options
  const began = performance.now()
  const wanted = config === null ? chosen(options) : []
  const cluster = await Cluster.start({ network, folder, temporal, say })
  try {
    const runs = new Runs({ cluster, seed, say })
    if (config !== null) {
      runs.count++
      runs.failures.push(...(await launchedConfig({ cluster, config, production: temporal !== null, say })))
      runs.countWork()
    }
    for (const one of wanted) await runs.make(one)
    return {
      name: 'machines',
      passed: runs.failures.length === 0,
      cases: runs.count,
      failures: runs.failures,
      figures: { ...runs.figures, ...cluster.faults.figures(), 'elapsed s': (performance.now() - began) / 1000 },
    }
  } finally {
    await cluster.stop()
  }
}

function chosen({ short, temporal, cases, say }: DrillInside): readonly Case[] {
  if (short) return [shortCase]
  const production = temporal !== null
  const all = [...cableCases, ...deathCases({ production }), ...storeCases, ...buildCases, ...clockCases(say)]
  const found = cases === null ? all : all.filter(({ name }) => name.includes(cases))
  if (found.length > 0) return found
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'no case has such a name',
    place: '--cases',
    expected: `a part of one of these: ${all.map(({ name }) => name).join('; ')}`,
    found: cases ?? '',
  })
}

/** For `npm test`: one run meets both a cable and the loss of a machine. */
const shortCase: Case = {
  name: 'a cable, then a machine replaced by an empty one',
  ...{ steps: 12, stepsPerActivity: 2 },
  async disturb(cluster) {
    const first = await cluster.moment({ step: 3 })
    cluster.network.cable(first, 'down')
    const outage = sleep(outageMs)
    await cluster.replace(await cluster.nextSampler([first === 'b' ? 'c' : 'b']))
    await outage
    cluster.network.cable(first, 'up')
    return []
  },
}

class Runs {
  count = 0
  readonly failures: string[] = []
  readonly figures = { 'rollouts begun': 0, 'rollouts begun again': 0, 'updates made again': 0 }
  readonly #cluster: Cluster
  readonly #seed: number
  readonly #say: (line: string) => void
  /** By the number of steps. Nothing else of a case changes the bits. */
  readonly #undisturbed = new Map<number, Left>()

  constructor({ cluster, seed, say }: { cluster: Cluster; seed: number; say: (line: string) => void }) {
    this.#cluster = cluster
    this.#seed = seed
    this.#say = say
  }

  async make(one: Case): Promise<void> {
    const expected = await this.#expected(one)
    const name = `case-${++this.count}`
    const began = performance.now()
    const wrong = await this.#made(name, one)
    const left = wrong.length === 0 ? differences(name, expected, await leftInStore(this.#cluster, name)) : wrong
    const { again, begun, replayed } = this.countWork()
    this.failures.push(...left.map(sentence => `${one.name}: ${sentence}`))
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    const work = `${again} of ${begun} rollouts begun again, ${replayed} updates made again`
    this.#say(`${one.name}: ${left.length === 0 ? `same (${work}, ${seconds} s)` : `WRONG: ${left[0]}`}`)
  }

  /** What was done since the last mark. */
  countWork(): ReturnType<Cluster['samplings']> {
    const work = this.#cluster.samplings()
    this.figures['rollouts begun'] += work.begun
    this.figures['rollouts begun again'] += work.again
    this.figures['updates made again'] += work.replayed
    return work
  }

  async #expected({ steps }: Case): Promise<Left> {
    const known = this.#undisturbed.get(steps)
    if (known !== undefined) return known
    const began = performance.now()
    const name = `undisturbed-${steps}`
    const wrong = await this.#made(name, { name, steps, stepsPerActivity: 3, disturb: async () => [] })
    if (wrong.length > 0) throw new Error(`the undisturbed run failed: ${wrong.join('; ')}`)
    const left = await leftInStore(this.#cluster, name)
    if (left.faults.length > 0) throw new Error(`the undisturbed run has faults: ${left.faults.join('; ')}`)
    this.#say(`undisturbed run of ${steps} steps (${((performance.now() - began) / 1000).toFixed(0)} s)`)
    this.#undisturbed.set(steps, left)
    return left
  }

  /** Launched on d, disturbed, and at its end. What was wrong, a sentence each. */
  async #made(name: string, { steps, stepsPerActivity, before, disturb }: Case): Promise<string[]> {
    const cluster = this.#cluster
    await before?.(cluster)
    cluster.mark()
    const run = { name, seed: this.#seed, steps, stepsPerActivity }
    await launch(cluster, run)
    const disturbed = disturb(cluster, run)
      .catch((error: Error) => [error.message])
      .then(async said => {
        await cluster.mend()
        return said
      })
    const failure = await endOf(cluster, name)
    cluster.over()
    // One that has not ended would take the workers of the next.
    if (failure !== null) await cluster.command('d', ['cancel', name])
    return [...(failure === null ? [] : [failure]), ...(await disturbed)]
  }
}
