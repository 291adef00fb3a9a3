/** The tallies of the steps of experiments, kept while the process lives: a look every second reads only the steps that are new. */
import { join } from 'node:path'
import { namesIn } from '../../activities/store/files.js'
import { stepOf } from '../../activities/store/run-folder.js'
import { readSealed } from '../../activities/store/sealed.js'
import { RlevError } from '../../pipelines/errors.js'
import { StepTally } from '../../pipelines/evaluation/step-tally.js'
import type { StepMetrics } from '../../pipelines/training/step-metrics.js'

const known = new Map<string, { tally: StepTally; counted: Set<string> }>()

/** `folder`: of an experiment. A step whose metrics are damaged is left out; `rlev verify` names it. */
export function tallyIn(folder: string): StepTally {
  const there = known.get(folder) ?? { tally: new StepTally(), counted: new Set<string>() }
  known.set(folder, there)
  for (const name of namesIn(join(folder, 'metrics'))) {
    if (there.counted.has(name) || stepOf(name) === null) continue
    const metrics = readIfWhole(join(folder, 'metrics', name))
    if (metrics === null) continue
    there.counted.add(name)
    there.tally.add(metrics)
  }
  return there.tally
}

function readIfWhole(path: string): StepMetrics | null {
  try {
    return readSealed<StepMetrics>(path)
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return null
    throw error
  }
}
