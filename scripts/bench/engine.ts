/** How the bench chooses an engine. */
import { availableParallelism } from 'node:os'

export const engineNames = ['eager', 'recorded', 'recorded-bfloat16'] as const
export type EngineName = (typeof engineNames)[number]

/** Section `engine` of a config. */
export function engineSection(name: EngineName): Record<string, unknown> {
  switch (name) {
    case 'eager':
      return { engine: { mode: 'eager' } }
    case 'recorded':
      return { engine: { mode: 'recorded', lanes: lanes() } }
    case 'recorded-bfloat16':
      return { engine: { mode: 'recorded', matrices: 'bfloat16', lanes: lanes() } }
    default:
      return name satisfies never
  }
}

/** One for each of TensorFlow's threads. */
const lanes = (): number => availableParallelism()
