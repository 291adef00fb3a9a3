/**
 * Drill 2: random kills. SIGKILL to any of the processes of a home, the two servers, the orchestrator, the policy workers and their
 * engine processes, at exponential times, while a sweep of three arms runs; what died is started again as `rlev up` does. Sweeps follow one another
 * until the number of kills is reached; each is compared with the undisturbed one.
 */
import { stream } from '../../pipelines/random.js'
import type { DrillOptions } from './drill.js'
import { DrillHome } from './drill-home.js'
import { leftDisturbed, leftUndisturbed } from './left-behind.js'
import { drillSweep } from './plans.js'
import type { DrillResult } from './result.js'

/** Mean of the times from a home that is whole to the next kill. (s) */
const meanTime = 2
/** Longest for one sweep: a kill costs about six seconds on two cores, most of it the start of a process. (s) */
const limitOf = (kills: number) => 300 + 20 * kills
/** A step that is killed and made again takes as long as many; so few steps keep a sweep going through all the kills. */
const stepsFor = (kills: number) => Math.max(8, 4 * kills)

export async function run({ seed, kills, say }: DrillOptions): Promise<DrillResult> {
  const began = performance.now()
  const failures: string[] = []
  const home = await DrillHome.open({ policyWorkers: 2 })
  try {
    const steps = stepsFor(kills)
    const undisturbedPlan = drillSweep({ name: 'undisturbed', seed, steps })
    const before = performance.now()
    const undisturbed = await leftUndisturbed(home, undisturbedPlan, limitOf(kills))
    say(`undisturbed sweep of ${steps} steps (${((performance.now() - before) / 1000).toFixed(1)} s)`)

    const killer = new Killer({ home, seed, kills, say })
    let again = 0
    let sweeps = 0
    while (killer.count < kills) {
      const plan = drillSweep({ name: `sweep-${++sweeps}`, seed, steps })
      const countBefore = killer.count
      const turn = () => killer.turn()
      const { ended, found, wrong } = await leftDisturbed({ home, plan, limit: limitOf(kills), turn, undisturbed })
      failures.push(...wrong)
      again += found.samplings.again
      say(`${plan.name}: ${killer.count - countBefore} kills: ${wrong.length === 0 ? 'same' : `WRONG: ${wrong[0]}`}`)
      if (!ended) break
    }
    return {
      name: 'kills',
      passed: failures.length === 0,
      cases: killer.count,
      failures,
      figures: {
        kills: killer.count,
        ...killer.byName,
        sweeps,
        'steps an arm': steps,
        'rollouts begun again': again,
        'elapsed s': (performance.now() - began) / 1000,
      },
    }
  } finally {
    await home.close()
  }
}

class Killer {
  count = 0
  readonly byName: Record<string, number> = {}
  readonly #home: DrillHome
  readonly #kills: number
  readonly #say: (line: string) => void
  readonly #random: ReturnType<typeof stream>
  #next: number

  constructor(parts: { home: DrillHome; seed: number; kills: number; say: (line: string) => void }) {
    this.#home = parts.home
    this.#kills = parts.kills
    this.#say = parts.say
    this.#random = stream(parts.seed, 'kills')
    this.#next = this.#drawn()
  }

  /** Kills when it is time, and starts again what is dead. */
  async turn(): Promise<void> {
    if (this.count >= this.#kills || performance.now() < this.#next) return
    const names = this.#home.names().sort()
    const victims = [
      ...names.map(name => ({ name, engine: false })),
      ...names.filter(name => name.startsWith('policy')).map(name => ({ name, engine: true })),
    ]
    const { name, engine } = victims[this.#random.integer(victims.length, this.count, 1)] as (typeof victims)[number]
    const victim = engine ? `engine of ${name}` : name
    if (engine) this.#home.killEngine(name)
    else await this.#home.kill(name)
    this.count++
    this.byName[victim] = (this.byName[victim] ?? 0) + 1
    const killed = performance.now()
    await this.#home.up()
    const seconds = ((performance.now() - killed) / 1000).toFixed(1)
    this.#say(`kill ${this.count}: ${victim}, up again after ${seconds} s`)
    this.#next = this.#drawn()
  }

  #drawn(): number {
    const uniform = this.#random.uniform(this.count, 0)
    return performance.now() - Math.log(1 - uniform) * meanTime * 1000
  }
}
