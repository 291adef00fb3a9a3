/** What the sections of a report are made of. */

import type { Comparison } from '../comparison/comparison.js'
import type { ExperimentOutcome } from '../comparison/outcome.js'
import type { Plan } from '../config/schema.js'
import type { ArmMark } from './figures/style.js'

export interface Material {
  plan: Plan
  comparison: Comparison
  /** Experiments that are done, arm by arm in the order of the plan, then by seed. */
  done: readonly ExperimentOutcome[]
  marks: readonly ArmMark[]
  /** Part to version. */
  versions: Readonly<Record<string, string>>
  /** Name to web address of where the run can be watched. */
  links: Readonly<Record<string, string>>
}
