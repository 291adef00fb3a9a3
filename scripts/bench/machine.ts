/** Describes the machine in the results of a bench. */
import { cpus, totalmem } from 'node:os'

export interface Machine {
  processor: string
  cores: number
  /** (GiB) */
  memory: number
  node: string
}

export function thisMachine(): Machine {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
}

export function describeMachine({ processor, cores, memory, node }: Machine): string {
  return `${processor}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memory} GiB, Node ${node}`
}
