/** Processor time of what runs for a home: its servers, its workers, and the process in which TensorFlow computes. */
import { processFacts } from '../../../activities/machine/process-facts.js'
import { membersOf } from '../../../commands/services/identity.mjs'
import type { DrillHome } from '../drill-home.js'

/** By the name of the process; `engine` is that of the policy workers. (ms) */
export type Processors = Readonly<Record<string, number>>

/** Since each of them began. */
export function processorsOf(home: DrillHome): Processors {
  const engines = new Set(home.names().flatMap(name => home.engines(name)))
  const spent: Record<string, number> = {}
  for (const name of home.names()) {
    for (const pid of membersOf(home.record(name)?.pid ?? 0)) {
      const process = engines.has(pid) ? 'engine' : name
      spent[process] = (spent[process] ?? 0) + (processFacts(pid)?.processorMs ?? 0)
    }
  }
  return spent
}

/** Of each process for one of so many steps. */
export function processorsAStep(before: Processors, after: Processors, steps: number): Processors {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / steps]))
}
