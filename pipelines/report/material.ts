/** What the sections of a report are made of. */

import type { Comparison } from '../comparison/comparison.js'
import type { ExperimentOutcome } from '../comparison/outcome.js'
import type { Plan } from '../config/schema.js'
import type { DataSummary } from '../data/data-summary.js'
import { someOf } from '../text/examples.js'
import type { ArmMark } from './figures/style.js'

export interface Material {
  plan: Plan
  comparison: Comparison
  /** Experiments that are done, arm by arm in the order of the plan, then by seed. */
  done: readonly ExperimentOutcome[]
  marks: readonly ArmMark[]
  /** The data sets of the experiments, each with those that have it in words. */
  data: readonly { summary: DataSummary; of: string }[]
  /** Part to version. */
  versions: Readonly<Record<string, string>>
  /** Name to web address of where the run can be watched. */
  links: Readonly<Record<string, string>>
}

/** Experiments whose data sets look the same are together; those whose data set is not known are left out. */
export function dataOf(outcomes: readonly ExperimentOutcome[]): Material['data'] {
  const known = new Map<string, { summary: DataSummary; of: string[] }>()
  for (const { arm, seed, data } of outcomes) {
    if (data === undefined) continue
    const key = JSON.stringify(data)
    const there = known.get(key) ?? { summary: data, of: [] }
    there.of.push(`${arm} seed ${seed}`)
    known.set(key, there)
  }
  return [...known.values()].map(({ summary, of }) => ({ summary, of: someOf(of) }))
}
