/** The tally of an experiment's steps, from the files of their metrics. */
import { join } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import { StepTally } from '../../pipelines/evaluation/step-tally.js'
import type { StepMetrics } from '../../pipelines/training/step-metrics.js'
import { namesIn } from './files.js'
import { stepOf } from './runs/run-folder.js'
import { readSealed } from './sealed.js'

/** A tally to which the steps are added that are made later. */
export class GrowingTally {
  readonly tally = new StepTally()
  readonly #counted = new Set<string>()
  readonly #folder: string

  /** `folder`: of an experiment. */
  constructor(folder: string) {
    this.#folder = join(folder, 'metrics')
  }

  /** Adds the steps that are new, in their order. A step whose metrics are damaged is left out; `rlev verify` names it. */
  grown(): StepTally {
    const names = namesIn(this.#folder).filter(name => stepOf(name) !== null && !this.#counted.has(name))
    for (const name of names.sort()) {
      const metrics = readIfWhole(join(this.#folder, name))
      if (metrics === null) continue
      this.#counted.add(name)
      this.tally.add(metrics)
    }
    return this.tally
  }
}

function readIfWhole(path: string): StepMetrics | null {
  try {
    return readSealed<StepMetrics>(path)
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return null
    throw error
  }
}
