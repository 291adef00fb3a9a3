/** The engines of this process. A few stay, so that policies that take turns find their recorded graphs again. */
import { canonicalJson } from '../config/digest.js'
import type { Policy } from '../model/policy.js'
import { undrawnIds } from '../tokenizer/special-tokens.js'
import { Engine } from './engine.js'

/** The policies of an experiment, its reference, and one more. */
const maxEngines = 3

/** By what decides an engine's graphs, in order of use, the newest last. */
const engines = new Map<string, Engine>()

/** How many calls of `withEngine` are under way on an engine. */
const users = new Map<Engine, number>()

/** The engine of a policy, set to run it. It may be disposed of as soon as another engine is asked for. */
export function engineFor(policy: Policy): Engine {
  const key = keyOf(policy)
  const engine = engines.get(key) ?? new Engine(policy)
  const newest = [...engines.values()].at(-1)
  if (newest !== engine) newest?.reclaim()
  engines.delete(key)
  engines.set(key, engine)
  for (const [other, oldest] of [...engines].slice(0, -maxEngines)) {
    if (users.has(oldest)) continue
    engines.delete(other)
    oldest.dispose()
  }
  engine.use(policy)
  return engine
}

/**
 * Runs `work` on the engine of a policy, which is not disposed of before `work` ends. Other policies may have
 * their turns on the engine while `work` waits, so `work` calls `engine.use(policy)` afterwards.
 */
export async function withEngine<Result>(policy: Policy, work: (engine: Engine) => Promise<Result>): Promise<Result> {
  const engine = engineFor(policy)
  users.set(engine, (users.get(engine) ?? 0) + 1)
  try {
    return await work(engine)
  } finally {
    const others = (users.get(engine) as number) - 1
    if (others > 0) users.set(engine, others)
    else users.delete(engine)
  }
}

/**
 * Disposes of every engine. Policies and optimizers get their newest values back.
 * @public for programs that end and tests that count tensors
 */
export function disposeEngines(): void {
  const all = [...engines.values()]
  engines.clear()
  for (const engine of all) engine.dispose()
}

function keyOf({ architecture, adapter, tokenizer, engine }: Policy): string {
  const shape = adapter === null ? null : { rank: adapter.rank, alpha: adapter.alpha, targets: adapter.targets }
  const { padId, eosIds } = tokenizer
  const undrawn = undrawnIds(tokenizer, architecture.vocabulary)
  return canonicalJson({ architecture, shape, engine, padId, eosIds, undrawn }) as string
}
