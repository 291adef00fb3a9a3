/** Input and output of the preflight: an arm with its simulated step, and a finding. */
import type { ExperimentConfig } from '../config/schema.js'
import type { SimulatedStep } from './simulated-step.js'

export interface PlannedArm {
  name: string
  config: ExperimentConfig
  /** The arm that it is compared with. */
  against: string | null
  placebo: boolean
  step: SimulatedStep
}

export interface PreflightFinding {
  /** refuse: the plan must not start; warning: its result says less than it seems to; note: for information. */
  severity: 'refuse' | 'warning' | 'note'
  arm?: string
  sentence: string
  numbers: Readonly<Record<string, number>>
}
