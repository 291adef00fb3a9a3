/** How the bench chooses an engine, and the threads of its process. */
import { availableParallelism } from 'node:os'

export const engineNames = ['eager', 'recorded', 'recorded-bfloat16'] as const
export type EngineName = (typeof engineNames)[number]

/** Section `engine` of a config. `lanes`: of a recorded engine; by default one for each core. */
export function engineSection(name: EngineName, lanes: number = availableParallelism()): Record<string, unknown> {
  switch (name) {
    case 'eager':
      return { engine: { mode: 'eager' } }
    case 'recorded':
      return { engine: { mode: 'recorded', lanes } }
    case 'recorded-bfloat16':
      return { engine: { mode: 'recorded', matrices: 'bfloat16', lanes } }
    default:
      return name satisfies never
  }
}

/** TensorFlow's threads for a matrix product: lanes run in parallel, and share the cores. */
export function threadsFor(lanes: number): Record<string, string> {
  return { TF_NUM_INTRAOP_THREADS: String(Math.max(1, Math.floor(availableParallelism() / lanes))) }
}
