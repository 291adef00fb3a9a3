/**
 * Drill 7, from outside: the command that `npm start` runs goes on in its terminal while the workers, the Temporal server, the
 * MLflow server, or all of them at once get SIGKILL, at exponential times, and are started again by `rlev up`, as a person would.
 * The command must end as if nothing had been: exit status, comparison, weights. Without a config it is a sweep of three tiny arms.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessName } from '../../activities/machine/services-record.js'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { loadPlan } from '../../pipelines/config/load.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { type Stream, stream } from '../../pipelines/random.js'
import type { Called, Calling } from '../../test/commands/call.js'
import type { DrillOptions } from './drill.js'
import { DrillHome, isServer } from './drill-home.js'
import { differences, type LeftBehind, leftBehind } from './left-behind.js'
import { drillSweepFile } from './plans.js'
import type { DrillResult } from './result.js'

type Say = (line: string) => void

const kinds = ['workers', 'temporal', 'mlflow', 'everything'] as const
type Kind = (typeof kinds)[number]

/** What is killed together. */
const isVictim: Record<Kind, (name: ProcessName) => boolean> = {
  workers: name => !isServer(name),
  temporal: name => name === 'temporal',
  mlflow: name => name === 'mlflow',
  everything: () => true,
}

/** Each kind is killed once in a round. */
const roundsOf = (short: boolean) => (short ? 1 : 3)
/** A step of three tiny arms is soon over; so many last through the kills. */
const stepsFor = (rounds: number) => 150 * rounds
/** Mean of the times from a home that is whole to the next kill. (s) */
const meanTime = 3
/** Longest for the command, undisturbed or not, with every start of everything. (s) */
const limit = 3600

export async function run({ seed, config, short, say }: DrillOptions): Promise<DrillResult> {
  const began = performance.now()
  const rounds = roundsOf(short)
  const undisturbedHome = DrillHome.make({ policyWorkers: 2 })
  try {
    const file = config === null ? tinyFile(undisturbedHome, { seed, steps: stepsFor(rounds) }) : resolve(config)
    const plan = loadPlan({ path: file })
    const undisturbed = await ended(undisturbedHome, plan, launched(undisturbedHome, plan, file))
    if (undisturbed.failures.length > 0)
      throw new Error(`the undisturbed run failed: ${undisturbed.failures.join('; ')}`)
    say(`undisturbed: ${seconds(undisturbed.called.milliseconds)}`)
    // Two homes at once would be two MLflows and six workers.
    await undisturbedHome.down()

    const home = DrillHome.make({ policyWorkers: 2 })
    try {
      const command = launched(home, plan, file)
      const killer = new Killer({ home, plan, seed, rounds, say })
      await killer.during(command)
      const found = await ended(home, plan, command)
      const failures = [...killer.failures, ...found.failures, ...differencesOf(plan, undisturbed, found)]
      say(`${plan.name}: ${killer.count} kills in ${seconds(found.called.milliseconds)}: ${failures[0] ?? 'same'}`)
      return {
        name: 'everything',
        passed: failures.length === 0,
        cases: killer.count,
        failures,
        figures: {
          ...killer.tally,
          'processes killed': killer.processes,
          'kills in training': killer.inTraining,
          'rollouts begun again': found.left.samplings.again,
          'undisturbed s': undisturbed.called.milliseconds / 1000,
          'disturbed s': found.called.milliseconds / 1000,
          'elapsed s': (performance.now() - began) / 1000,
        },
      }
    } finally {
      await home.close()
    }
  } finally {
    await undisturbedHome.close()
  }
}

function tinyFile(home: DrillHome, sweep: { seed: number; steps: number }): string {
  const file = join(home.path, 'everything.yaml')
  writeFileSync(file, drillSweepFile({ name: 'everything', ...sweep }))
  return file
}

function launched(home: DrillHome, plan: Plan, file: string): Calling {
  return home.command(plan.kind === 'sweep' ? 'sweep' : 'run', file)
}

/** What a command that ended has left, seen from outside. */
interface Ended {
  called: Called
  /** sha256 of the weights, by experiment. */
  weights: Record<string, string>
  /** JSON of `compare`, and the table. */
  comparison: { json: string; table: string }
  left: LeftBehind
  failures: string[]
}

async function ended(home: DrillHome, plan: Plan, command: Calling): Promise<Ended> {
  const called = await Promise.race([command.done, sleep(limit * 1000, null, { ref: false })])
  if (called === null) throw new Error(`\`rlev ${plan.kind}\` did not end within ${limit} s`)
  const answer = async (...words: string[]): Promise<string> => {
    const { status, out, err } = await home.command(...words).done
    if (status === 0) return out
    throw new Error(`\`rlev ${words.join(' ')}\` ended with ${status}: ${err.slice(-500)}`)
  }
  const { experiments } = JSON.parse(await answer('status', plan.name, '--json')) as {
    experiments: { id: string; state: string; weights?: string }[]
  }
  const table = (await answer('compare', plan.name)).trim()
  const failures = [
    ...(called.status === 0
      ? []
      : [`the command ended with ${called.status}: ${called.err.slice(-500)} ${called.out.slice(-500)}`]),
    ...(conclusionOf(called.out) === '' ? ['the command did not print a conclusion'] : []),
    ...experiments.flatMap(({ id, state, weights }) =>
      state === 'done' && weights !== undefined ? [] : [`${id} is ${state}, its weights ${weights ?? 'not told'}`],
    ),
  ]
  return {
    called,
    weights: Object.fromEntries(experiments.map(({ id, weights = 'not told' }) => [id, weights])),
    comparison: { json: await answer('compare', plan.name, '--json'), table },
    left: await leftBehind(home, plan),
    failures,
  }
}

/** Question, effect, verdict and controls; what to do next names the home. */
const conclusionOf = (out: string): string => /^Question[\s\S]*?(?=^Next)/m.exec(out)?.[0] ?? ''

function differencesOf(plan: Plan, undisturbed: Ended, found: Ended): string[] {
  const said = Object.entries(undisturbed.weights).flatMap(([id, weights]) =>
    found.weights[id] === weights ? [] : [`status: weights of ${id} are ${found.weights[id]}, undisturbed ${weights}`],
  )
  if (conclusionOf(found.called.out) !== conclusionOf(undisturbed.called.out))
    said.push('another conclusion than undisturbed')
  for (const form of ['json', 'table'] as const) {
    if (found.comparison[form] !== undisturbed.comparison[form]) said.push(`compare: another ${form} than undisturbed`)
  }
  return [...said, ...differences(plan.name, undisturbed.left, found.left)]
}

class Killer {
  count = 0
  processes = 0
  inTraining = 0
  readonly failures: string[] = []
  readonly tally: Record<string, number> = {}
  readonly #home: DrillHome
  readonly #plan: Plan
  readonly #say: Say
  readonly #times: Stream
  readonly #order: Stream
  readonly #rounds: number

  constructor(parts: { home: DrillHome; plan: Plan; seed: number; rounds: number; say: Say }) {
    this.#home = parts.home
    this.#plan = parts.plan
    this.#say = parts.say
    this.#times = stream(parts.seed, 'times of kills')
    this.#order = stream(parts.seed, 'order of kills')
    this.#rounds = parts.rounds
  }

  /** Kills until all rounds are over, or the command is. The first kill falls in what goes before training, as a rule. */
  async during(command: Calling): Promise<void> {
    const over = new AbortController()
    const end = () => over.abort()
    command.done.then(end, end)
    const until = async (holds: () => boolean) => {
      while (!over.signal.aborted && !holds()) await sleep(100)
    }
    await until(() => command.out().includes(`started ${this.#plan.name}`))
    for (let round = 0; round < this.#rounds; round++) {
      for (const index of this.#order.permutation(kinds.length, round)) {
        if (this.count > 0) await until(() => this.#stepsJournaled() > 0)
        const uniform = this.#times.uniform(this.count)
        await sleep(-Math.log(1 - uniform) * meanTime * 1000, undefined, { signal: over.signal }).catch(() => {})
        if (over.signal.aborted) break
        await this.#kill(kinds[index] as Kind)
      }
    }
    for (const kind of kinds) {
      if (this.tally[kind] === undefined) this.failures.push(`the command ended before ${kind} could be killed`)
    }
  }

  async #kill(kind: Kind): Promise<void> {
    const names = this.#home.names().filter(isVictim[kind])
    const killed = await Promise.all(names.map(name => this.#home.kill(name)))
    this.count++
    this.tally[kind] = (this.tally[kind] ?? 0) + 1
    this.processes += killed.filter(lived => lived).length
    const steps = this.#stepsJournaled()
    if (steps > 0) this.inTraining++
    const { status, err, milliseconds } = await this.#home.command('up').done
    if (status !== 0)
      this.failures.push(`\`rlev up\` after the kill of ${kind} ended with ${status}: ${err.slice(-500)}`)
    this.#say(`kill ${this.count}, at ${steps} steps: ${names.join(', ')}, up again after ${seconds(milliseconds)}`)
  }

  /** Of all experiments, as long as none is trimmed. */
  #stepsJournaled(): number {
    const folders = experimentsOf(this.#plan).map(({ id }) =>
      dirname(experimentPaths.rollout(runFolder(this.#home.path, id), 0)),
    )
    return folders.reduce((count, folder) => count + namesIn(folder).length, 0)
  }
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`
