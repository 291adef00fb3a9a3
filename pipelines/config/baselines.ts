/** Which arm an arm of a sweep is compared with: `baseline`, or its own where `versus` names one. */
import type { SweepSettings } from './schema.js'

type Named = Pick<SweepSettings, 'baseline' | 'versus'>

/** Null for an arm that others are compared with. */
export function baselineOf({ baseline, versus = {} }: Named, arm: string): string | null {
  if (arm === baseline || Object.values(versus).includes(arm)) return null
  return versus[arm] ?? baseline
}
