/**
 * The journal of an experiment: what was sampled, what it was worth and what the update measured, one sealed file each a
 * step, written before it is used. The first writer of a step wins, so a step is stamped and sampled once.
 *
 * Order: rollout, records, update, metrics; none is synced on its own (a step may take 40 ms). `sync` puts every file
 * written since, then their folders, on the disk; it is called before a checkpoint is made and before an activity
 * reports success. A power cut before that leaves files that their seal tells from whole ones, and the step is made again.
 */
import { dirname } from 'node:path'
import type { RewardRecord } from '../../pipelines/rewards/record.js'
import type { Rollout } from '../../pipelines/rollout/response.js'
import type { StepMetrics } from '../../pipelines/update/step-metrics.js'
import type { Fence } from './fence.js'
import { syncPath, writeOnce } from './files.js'
import { experimentPaths } from './run-folder.js'
import { readSealedOrSetAside, seal } from './sealed.js'

/** `time`: when the step was scored first, in ms; the step's metrics carry it. */
export interface JournaledRecords {
  time: number
  records: readonly RewardRecord[]
}

export class Journal {
  readonly #folder: string
  readonly #fence: Fence
  #unsynced: string[] = []

  constructor(folder: string, fence: Fence) {
    this.#folder = folder
    this.#fence = fence
  }

  rollout(step: number): Rollout | null {
    return readSealedOrSetAside(experimentPaths.rollout(this.#folder, step))
  }

  records(step: number): JournaledRecords | null {
    return readSealedOrSetAside(experimentPaths.records(this.#folder, step))
  }

  metrics(step: number): StepMetrics | null {
    return readSealedOrSetAside(experimentPaths.metrics(this.#folder, step))
  }

  /** What is in the journal afterwards: this one, or the one that was there. */
  keepRollout(rollout: Rollout): Rollout {
    return this.#keep(experimentPaths.rollout(this.#folder, rollout.step), rollout)
  }

  keepRecords(step: number, records: JournaledRecords): JournaledRecords {
    return this.#keep(experimentPaths.records(this.#folder, step), records)
  }

  keepMetrics(metrics: StepMetrics): StepMetrics {
    return this.#keep(experimentPaths.metrics(this.#folder, metrics.step), metrics)
  }

  sync(): void {
    for (const path of this.#unsynced) syncPath(path)
    for (const folder of new Set(this.#unsynced.map(path => dirname(path)))) syncPath(folder)
    this.#unsynced = []
  }

  #keep<T>(path: string, body: T): T {
    this.#fence.check()
    const content = seal(body)
    // A second round is needed only where the one that was there turns out damaged.
    for (let round = 0; round < 2; round++) {
      if (writeOnce(path, content)) {
        this.#unsynced.push(path)
        return body
      }
      const there = readSealedOrSetAside<T>(path)
      if (there !== null) return there
    }
    throw new Error(`${path} was damaged twice while it was written`)
  }
}
