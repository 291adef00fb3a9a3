/** The one place of the bench that knows how an engine is chosen. */
import { experimentSchema } from '../../pipelines/config/schema.js'

export const engineNames = ['eager', 'recorded', 'recorded-bfloat16'] as const
export type EngineName = (typeof engineNames)[number]

/** Section `engine` of a config. */
export function engineSection(name: EngineName): Record<string, unknown> {
  switch (name) {
    case 'eager':
      return { engine: { mode: 'eager' } }
    case 'recorded':
      return { engine: { mode: 'recorded' } }
    case 'recorded-bfloat16':
      return { engine: { mode: 'recorded', matrices: 'bfloat16' } }
    default:
      return name satisfies never
  }
}

/** Whether this build has a choice of engines. */
export const hasEngines = (): boolean => 'engine' in experimentSchema.shape
