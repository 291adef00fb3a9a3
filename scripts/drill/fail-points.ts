/**
 * Drill 1: every fail point in turn. A worker is killed there at the first time that it comes by, and in another case at a later
 * time; it is started again as `rlev up` does, without the variable, and what the experiment leaves is compared with the
 * undisturbed one. The short form takes the first times only and kills on: the other fail points are armed in the worker that
 * replaces the dead one, so that an experiment is interrupted many times, each time in another activity as far as may be: Temporal
 * waits longer before each attempt of the same. It uses two homes at once, because most of a recovery is waiting, and an eager
 * engine, because each worker that replaces a dead one would record its graphs again.
 */
import {
  type FailPointFacts,
  type FailPointName,
  failPointNames,
  failPoints,
} from '../../activities/fail-points/names.js'
import { stream } from '../../pipelines/random.js'
import type { DrillOptions } from './drill.js'
import { DrillHome } from './drill-home.js'
import { type LeftBehind, leftDisturbed, leftUndisturbed } from './left-behind.js'
import { drillPlan } from './plans.js'
import type { DrillResult } from './result.js'

/** Experiments that go by without any of what is armed being met, before that is a failure. */
const patience = 5
/** Seconds for one experiment with all that is done to it. */
const limit = 400

/** Of the short form. Neighbours in the list are met in the same activity. */
const hands = 6
const homesOfShort = 2

interface Shot {
  name: FailPointName
  hit: number
}

export async function run({ seed, short, say }: DrillOptions): Promise<DrillResult> {
  const began = performance.now()
  const { integer } = stream(seed, 'fail points')
  const first = workerFailPointNames.map((name): Shot => ({ name, hit: 1 }))
  const later = workerFailPointNames.map((name, index): Shot => ({ name, hit: 2 + integer(3, index) }))
  const series = short ? dealt(first, hands) : [...first, ...later].map(shot => [shot])

  const homes = await openHomes(short ? homesOfShort : 1)
  try {
    const leave = (name: string, kind: Kind) =>
      leftUndisturbed(homes[0], drillPlan({ name, seed, stepsPerActivity: 3, ...kinds[kind], eager: short }), limit)
    const given = leave('undisturbed', 'given')
    const predicted = given.then(() => leave('undisturbed-predicted', 'predicted'))
    const dynamic = predicted.then(() => leave('undisturbed-dynamic', 'dynamic'))
    const divided = dynamic.then(() => leave('undisturbed-divided', 'divided'))
    const undisturbed = { given, predicted, dynamic, divided }
    const tally: Tally = { fired: 0, experiments: 0, again: 0, failures: [] }
    const waiting = [...series]
    const ranges = homes.map(async (home, index) => {
      // In the first home the undisturbed runs themselves go before.
      if (index === 0) await undisturbed.divided
      const range = new Range({ home, seed, short, say, undisturbed, tally })
      for (let shots = waiting.shift(); shots !== undefined; shots = waiting.shift()) await range.shoot(shots)
    })
    await Promise.all(ranges)
    const { failures, fired, experiments, again } = tally
    return {
      name: 'fail-points',
      passed: failures.length === 0,
      cases: fired,
      failures,
      figures: {
        'fail points': workerFailPointNames.length,
        'kills at fail points': fired,
        experiments,
        'rollouts begun again': again,
        'elapsed s': (performance.now() - began) / 1000,
      },
    }
  } finally {
    await Promise.all(homes.map(home => home.close()))
  }
}

/** Those that a worker reaches when it computes a run. */
export const workerFailPointNames = failPointNames.filter(name => {
  const { worker, needsStore }: FailPointFacts = failPoints[name]
  return worker !== 'command' && needsStore !== true
})

/** All or none. */
async function openHomes(count: number): Promise<[DrillHome, ...DrillHome[]]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, () => DrillHome.open({ policyWorkers: 1 })))
  const homes = opened.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = opened.find(outcome => outcome.status === 'rejected')
  const [first, ...others] = homes
  if (failed === undefined && first !== undefined) return [first, ...others]
  await Promise.all(homes.map(home => home.close()))
  throw failed?.reason
}

/** Of all homes together. */
interface Tally {
  fired: number
  experiments: number
  again: number
  failures: string[]
}

/** Experiments whose stages are other ones: with values of a score predictor, dynamic sampling, rollouts in pieces. */
const kinds = {
  given: {},
  predicted: { predicted: true },
  dynamic: { dynamic: true },
  divided: { divided: true },
} as const
type Kind = keyof typeof kinds

/** What an experiment leaves that nothing happened to. */
type Undisturbed = Record<Kind, Promise<LeftBehind>>

/** Made again only where the shared outputs are gone. */
const isBeforeTraining = (name: FailPointName): boolean => /^(stage-output|warm-start|predictor)\./.test(name)
const isOfPredictor = (name: FailPointName): boolean => name.startsWith('predictor.')
const isOfRounds = (name: FailPointName): boolean => name.startsWith('journal.rounds.')
const isOfPieces = (name: string): boolean => /^(rollout\.adapter|outdated\.)/.test(name)
const isOfTrimming = (name: FailPointName): boolean => name.startsWith('trim.')

class Range {
  readonly #tally: Tally
  readonly #home: DrillHome
  readonly #seed: number
  readonly #short: boolean
  readonly #say: (line: string) => void
  readonly #undisturbed: Undisturbed

  constructor(parts: {
    home: DrillHome
    seed: number
    short: boolean
    say: (line: string) => void
    undisturbed: Undisturbed
    tally: Tally
  }) {
    this.#tally = parts.tally
    this.#home = parts.home
    this.#seed = parts.seed
    this.#short = parts.short
    this.#say = parts.say
    this.#undisturbed = parts.undisturbed
  }

  /** Experiments, one after the other, until each of these fail points has been met. */
  async shoot(shots: readonly Shot[]): Promise<void> {
    const waiting = new Map(shots.map(shot => [shot.name, shot]))
    await this.#home.arm(armed(waiting))
    for (let idle = 0; waiting.size > 0; ) {
      const fired = await this.#experiment(waiting, idle > 0)
      idle = fired === 0 ? idle + 1 : 0
      if (idle < patience) continue
      for (const { name, hit } of waiting.values()) {
        this.#tally.failures.push(`${name} was not met ${hit} times in ${patience} experiments`)
      }
      return
    }
  }

  /** How many of them were met. `again`: those that are left were not met in the experiment before. */
  async #experiment(waiting: Map<FailPointName, Shot>, again: boolean): Promise<number> {
    const home = this.#home
    const number = ++this.#tally.experiments
    const began = performance.now()
    const fired: string[] = []
    const names = [...waiting.keys()]
    if (again || names.some(isBeforeTraining)) home.removeStore()
    const trims = number % 2 === 0 || names.some(isOfTrimming)
    const cut = trims ? { stepsPerActivity: 3, trimJournal: true } : { stepsPerActivity: 1 }
    const kind = kindFor(names)
    const plan = drillPlan({ name: `case-${number}`, seed: this.#seed, ...cut, ...kinds[kind], eager: this.#short })
    const { found, wrong } = await leftDisturbed({
      ...{ home, plan, limit, undisturbed: this.#undisturbed[kind] },
      turn: async () => {
        const dead = home.deaths()
        if (dead.length === 0) return
        for (const { name, output } of dead) {
          const met = firedIn(output)
          if (met === undefined)
            this.#tally.failures.push(`${plan.name}: ${name} died by itself: ${output.slice(-500)}`)
          else if (waiting.delete(met)) fired.push(met)
        }
        await home.up(armed(waiting))
      },
    })
    this.#tally.failures.push(...wrong.map(sentence => `${fired.join(', ') || 'nothing met'}: ${sentence}`))
    this.#tally.fired += fired.length
    this.#tally.again += found.samplings.again
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    this.#say(
      `${plan.name}: ${fired.join(', ') || 'nothing met'}: ${wrong.length === 0 ? 'same' : `WRONG: ${wrong[0]}`} (${seconds} s)`,
    )
    return fired.length
  }
}

/** Fail points of other kinds wait for another experiment. */
function kindFor(names: readonly FailPointName[]): Kind {
  if (names.some(isOfPredictor)) return 'predicted'
  if (names.some(isOfRounds)) return 'dynamic'
  return names.some(isOfPieces) ? 'divided' : 'given'
}

function dealt<T>(list: readonly T[], count: number): T[][] {
  return Array.from({ length: count }, (_, hand) => list.filter((_, index) => index % count === hand))
}

function armed(waiting: ReadonlyMap<FailPointName, Shot>): string {
  return [...waiting.values()].map(({ name, hit }) => `${name}:${hit}:kill`).join()
}

/** What a dead worker's last words name; undefined where it did not die at a fail point. */
function firedIn(output: string): FailPointName | undefined {
  const line = /^\{.*"message":"fail point","name":"([^"]+)".*\}$/m.exec(output)?.[1]
  return workerFailPointNames.find(name => name === line)
}
