/**
 * How many threads TensorFlow gets for the policies of a plan without a card. Bits depend on the count, so it is decided once,
 * when a run begins, for all arms alike, and frozen with their configs (`engine.threads`); a run that has begun keeps its
 * count on whatever machine it goes on. Experiments of a small policy run beside each other, with one thread each, which takes
 * more steps a second. A large one gets all cores, and so one experiment runs at a time, in the memory of one.
 */
import { availableParallelism } from 'node:os'
import type { EngineConfig, ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { onCard, statedThreads } from '../services/workers.js'

/**
 * From so many weights on, one worker with all threads takes at least nine tenths of the steps a second of workers with one
 * thread each, in the memory of one of them (`npm run bench -- --only threads`; docs/performance.md has its table).
 */
export const allThreadsFrom = 80_000_000

export interface Machine {
  cores: number
  card: boolean
  /** What `RLEV_POLICY_THREADS` says. */
  stated: number | undefined
}

export const thisMachine = (): Machine => ({
  cores: availableParallelism(),
  card: onCard(),
  stated: statedThreads(),
})

/**
 * The plan with its threads. `before`: as the home has it; its counts and its concurrency hold where the config names none.
 * `concurrencyStated`: whether the config names how many experiments run at a time, which then share the cores.
 */
export async function withThreads({
  plan,
  before,
  concurrencyStated,
  machine,
  weights,
}: {
  plan: Plan
  before: Plan | null
  concurrencyStated: boolean
  machine: Machine
  /** Of the largest policy of the plan; asked only where it matters. */
  weights: () => Promise<number>
}): Promise<Plan> {
  if (before !== null) return asBefore(plan, before, concurrencyStated)
  const open = localEnginesOf(plan).some(({ engine }) => engine.threads === undefined)
  if (!open || machine.card) return plan
  if (machine.stated !== undefined) return withCount(plan, machine.stated)
  // Lanes fill the cores with one thread each, as the config asks.
  if (machine.cores === 1 || localEnginesOf(plan).some(({ engine }) => engine.lanes > 1)) return plan
  if ((await weights()) < allThreadsFrom) return plan
  const together = plan.kind === 'experiment' ? 1 : Math.min(plan.settings.concurrency, machine.cores)
  if (concurrencyStated) return withCount(plan, Math.floor(machine.cores / together))
  const all = withCount(plan, machine.cores)
  return all.kind === 'experiment' ? all : { ...all, settings: { ...all.settings, concurrency: 1 } }
}

/** A line of `plan`; undefined with one thread. */
export function threadsLine(plan: Plan): string | undefined {
  const counts = [...new Set(localEnginesOf(plan).map(({ engine }) => engine.threads ?? 1))]
  if (counts.every(count => count === 1)) return undefined
  const together = plan.kind === 'sweep' && plan.settings.concurrency === 1 ? ', one experiment at a time' : ''
  return `threads: ${counts.join(' or ')} for each policy${together}; the bits depend on it, and it stays with the run`
}

function asBefore(plan: Plan, before: Plan, concurrencyStated: boolean): Plan {
  const counts = new Map(localEnginesOf(before).map(({ name, engine }) => [name, engine.threads]))
  const kept = withCounts(plan, name => counts.get(name))
  if (kept.kind !== 'sweep' || before.kind !== 'sweep' || concurrencyStated) return kept
  return { ...kept, settings: { ...kept.settings, concurrency: before.settings.concurrency } }
}

/** One thread is what a config without a count has, as the configs of older runs. */
const withCount = (plan: Plan, count: number): Plan => withCounts(plan, () => (count === 1 ? undefined : count))

/** Counts for the configs that name none. */
function withCounts(plan: Plan, countOf: (name: string) => number | undefined): Plan {
  const counted = (name: string, config: ExperimentConfig): ExperimentConfig => {
    const { engine } = config
    if (engine.kind !== undefined) return config
    const threads = engine.threads ?? countOf(name)
    return threads === undefined ? config : { ...config, engine: { ...engine, threads } }
  }
  return plan.kind === 'experiment'
    ? { ...plan, config: counted(plan.name, plan.config) }
    : { ...plan, arms: plan.arms.map(({ name, config }) => ({ name, config: counted(name, config) })) }
}

function configsOf(plan: Plan): readonly { name: string; config: ExperimentConfig }[] {
  return plan.kind === 'experiment' ? [plan] : plan.arms
}

/** A server has its own threads. */
function localEnginesOf(plan: Plan): { name: string; engine: EngineConfig }[] {
  return configsOf(plan).flatMap(({ name, config: { engine } }) =>
    engine.kind === undefined ? [{ name, engine }] : [],
  )
}
