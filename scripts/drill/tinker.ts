/**
 * Drill 9: a run on a Tinker server, which is ended at every kind of operation, before the server has a request, while it has it in hand,
 * and when its result waits for the client: the server, the policy worker, the orchestrator or MLflow. What the run leaves is compared with
 * an undisturbed one: adapter, histories, what was sampled.
 */
import { servedConfig, writeVerifier } from '../../test/tinker-server/served-config.js'
import type { DrillOptions } from './drill.js'
import { DrillHome } from './drill-home.js'
import { leftDisturbed, leftUndisturbed } from './left-behind.js'
import { heartbeatTimeout } from './plans.js'
import type { DrillResult } from './result.js'
import { type DrilledServer, namedServer, smallServer } from './tinker/drilled-server.js'
import { type Moment, OperationsProxy } from './tinker/operations-proxy.js'
import { inWords, isOfRecovery, type Shot, shots, type Victim } from './tinker/shots.js'

/** Other than that of a probe. */
const rank = 8
/** Seconds that a step may take on a loaded machine. */
const stepLimit = 30
/** Runs that go by without a shot, before that is a failure. */
const patience = 2

export async function run({ seed, short, places, server: named, say }: DrillOptions): Promise<DrillResult> {
  const began = performance.now()
  const server = named === null ? await smallServer() : await namedServer(named)
  try {
    const proxy = await OperationsProxy.start({ target: server.url, rank })
    const home = await DrillHome.open({ policyWorkers: 1 })
    try {
      const all = shots({ short, victim: server.restart === null ? 'connection' : 'server' }).slice(0, places)
      const steps = all.length + 4
      const limit = (kills: number) => server.begin + steps * stepLimit + kills * (server.recovery + 10)
      const plan = (name: string) => planOf({ name, seed, steps, home, server, url: proxy.url })
      const before = performance.now()
      const undisturbed = await leftUndisturbed(home, plan('undisturbed'), limit(0))
      say(`undisturbed: ${steps} steps (${seconds(before)})`)
      // From now on.
      const shooter = new Shooter({ home, proxy, server, shots: all, say })
      const failures: string[] = []
      let runs = 0
      for (let idle = 0; shooter.waiting > 0 && idle < patience; ) {
        const waiting = shooter.waiting
        const name = `disturbed-${++runs}`
        const { ended, wrong } = await leftDisturbed({
          ...{ home, plan: plan(name), limit: limit(waiting), undisturbed },
          turn: () => shooter.turn(),
        })
        failures.push(...wrong)
        say(`${name}: ${waiting - shooter.waiting} kills: ${wrong.length === 0 ? 'same' : `WRONG: ${wrong[0]}`}`)
        idle = shooter.waiting === waiting ? idle + 1 : 0
        if (!ended) break
      }
      failures.push(...shooter.missed().map(shot => `${shot} was not met in ${runs} runs`))
      return {
        name: 'tinker',
        passed: failures.length === 0,
        cases: shooter.fired,
        failures,
        figures: {
          ...shooter.tally,
          steps,
          runs,
          'elapsed s': (performance.now() - began) / 1000,
        },
      }
    } finally {
      await home.close()
      proxy.stop()
    }
  } finally {
    await server.end()
  }
}

/** Each step is three activities: Temporal waits longer before each attempt of the same. */
function planOf({
  name,
  steps,
  seed,
  home,
  url,
  server: { baseModel, policy },
}: {
  name: string
  steps: number
  seed: number
  home: DrillHome
  url: string
  server: DrilledServer
}) {
  const config = servedConfig({
    ...{ name, url, baseModel, policy, verifier: writeVerifier(home.path) },
    sections: {
      ...{ seed, steps },
      update: { learningRate: 1e-2, microBatch: 4, adapter: { rank } },
      evaluation: { every: Math.ceil(steps / 2), samples: 0, chunk: 8 },
      checkpoint: { everySteps: 2, keep: 1 },
      durability: { stepsPerActivity: 1, heartbeatTimeout },
      tracking: { experiment: name },
    },
  })
  return { kind: 'experiment', name, config, warnings: [] } as const
}

/** Fires the shots in their order, each when what the one before hit has recovered. */
class Shooter {
  fired = 0
  readonly tally: Record<string, number> = {}
  readonly #home: DrillHome
  readonly #server: DrilledServer
  readonly #say: (line: string) => void
  readonly #waiting: Shot[]
  #isArmed = true

  constructor(parts: {
    home: DrillHome
    proxy: OperationsProxy
    server: DrilledServer
    shots: readonly Shot[]
    say: (line: string) => void
  }) {
    this.#home = parts.home
    this.#server = parts.server
    this.#say = parts.say
    this.#waiting = [...parts.shots]
    parts.proxy.onMoment = moment => this.#on(moment)
  }

  get waiting(): number {
    return this.#waiting.length
  }

  missed(): string[] {
    return this.#waiting.map(inWords)
  }

  /** Starts again what is dead. A server starts itself, or its command does. */
  async turn(): Promise<void> {
    if (this.#home.deaths().length > 0) await this.#home.up()
  }

  async #on(moment: Moment): Promise<'pass' | 'cut'> {
    const next = this.#waiting[0]
    if (next === undefined) return 'pass'
    if (!this.#isArmed) {
      this.#isArmed = isStepMade(moment)
      return 'pass'
    }
    // Nothing recovered: a connection that was cut, and whose request could be sent again.
    if (isOfRecovery(next) && isStepMade(moment)) this.#waiting.splice(0, 2, ...this.#waiting.slice(0, 2).reverse())
    if (next.operation !== moment.operation || next.at !== moment.at) return 'pass'
    this.#waiting.shift()
    const after = this.#waiting[0]
    this.#isArmed = after !== undefined && isOfRecovery(after)
    this.fired++
    this.tally[next.victim] = (this.tally[next.victim] ?? 0) + 1
    this.#say(`kill ${this.fired}: ${inWords(next)}`)
    return this.#kill(next.victim)
  }

  async #kill(victim: Victim): Promise<'pass' | 'cut'> {
    switch (victim) {
      case 'server':
        await this.#server.restart?.()
        return 'cut'
      case 'connection':
        return 'cut'
      case 'policy worker':
        await this.#home.kill('policy')
        return 'cut'
      case 'orchestrator':
      case 'mlflow':
        await this.#home.kill(victim)
        return 'pass'
      default:
        return victim satisfies never
    }
  }
}

/** All is well again. */
const isStepMade = ({ operation, at }: Moment): boolean => operation === 'save_weights' && at === 'done'

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`
