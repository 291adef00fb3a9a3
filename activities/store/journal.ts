/**
 * The journal of an experiment: rollout, records and metrics of each step, one sealed file each, written before it is used. The first
 * writer of a step wins, so a step is sampled once and has one time. With dynamic sampling, the rounds of a step are kept until its rollout
 * is there.
 *
 * Order: rollout, records, update, metrics; none is synced on its own (a step may take 40 ms). `sync` puts every file
 * written since, and their folders, on the disk; it is called before a checkpoint is made and before an activity reports
 * success. After a power cut before that, the seal shows which files are damaged, and the step is made again.
 */
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { StepRecord } from '../../pipelines/advantages/records.js'
import type { Round } from '../../pipelines/rollout/dynamic-sampling.js'
import type { Rollout } from '../../pipelines/rollout/response.js'
import type { StepMetrics } from '../../pipelines/training/step-metrics.js'
import { failPoint } from '../fail-points/fail-point.js'
import type { Fence } from './fence.js'
import { syncBeside, writeOnce, writeWhole } from './files.js'
import { readTrim } from './retention.js'
import { packRollout, type RolloutEntry, unpackRollout } from './rollout-entry.js'
import { entryLabel, experimentPaths } from './runs/run-folder.js'
import { readSealedOrSetAside, seal } from './sealed.js'

/** `time`: when the records were first made, in ms; the step's metrics carry it. */
export interface JournaledRecords {
  time: number
  records: readonly StepRecord[]
}

type EntryKind = 'rounds' | 'rollout' | 'records' | 'metrics'

export class Journal {
  readonly #folder: string
  readonly #fence: Fence
  readonly #experimentKey: string
  #unsynced: string[] = []

  constructor(folder: string, fence: Fence, experimentKey: string) {
    this.#folder = folder
    this.#fence = fence
    this.#experimentKey = experimentKey
  }

  rollout(step: number): Rollout | null {
    const entry = this.#read<RolloutEntry>('rollout', step)
    return entry === null ? null : unpackRollout(entry)
  }

  records(step: number): JournaledRecords | null {
    return this.#read('records', step)
  }

  metrics(step: number): StepMetrics | null {
    return this.#read('metrics', step)
  }

  /** The metrics of a step whose rollout and records were deleted behind a checkpoint, since it needs neither again. Else null. */
  trimmed(step: number): StepMetrics | null {
    const upTo = readTrim(this.#folder)?.upTo ?? 0
    return step <= upTo && this.rollout(step) === null ? this.metrics(step) : null
  }

  /** The rounds of a step whose rollout is not there yet. */
  rounds(step: number): readonly Round[] {
    return this.#read<readonly Round[]>('rounds', step) ?? []
  }

  /** All rounds of a step so far. */
  keepRounds(step: number, rounds: readonly Round[]): void {
    failPoint('journal.rounds.before')
    const content = seal(rounds, this.#label('rounds', step))
    writeWhole(experimentPaths.rounds(this.#folder, step), content, { mayCommit: () => this.#fence.check() })
    failPoint('journal.rounds.after')
  }

  /** After the step's rollout: its rounds are not needed again. */
  dropRounds(step: number): void {
    rmSync(experimentPaths.rounds(this.#folder, step), { force: true })
  }

  /** Gives what is in the journal afterwards: this one, or the one that was there. */
  keepRollout(rollout: Rollout): Rollout {
    const entry = packRollout(rollout)
    const kept = this.#keep<RolloutEntry>('rollout', rollout.step, entry)
    return kept === entry ? rollout : unpackRollout(kept)
  }

  keepRecords(step: number, records: JournaledRecords): JournaledRecords {
    return this.#keep('records', step, records)
  }

  keepMetrics(metrics: StepMetrics): StepMetrics {
    return this.#keep('metrics', metrics.step, metrics)
  }

  /** At once, in any order: an entry that is on the disk by its name alone is found by its seal. */
  async sync(): Promise<void> {
    failPoint('journal.sync.before')
    const paths = new Set(this.#unsynced.flatMap(path => [path, dirname(path)]))
    await Promise.all([...paths].map(syncBeside))
    this.#unsynced = []
    failPoint('journal.sync.after')
  }

  #read<T>(kind: EntryKind, step: number): T | null {
    return readSealedOrSetAside(experimentPaths[kind](this.#folder, step), this.#label(kind, step))
  }

  #label(kind: EntryKind, step: number): string {
    return entryLabel(kind, step, this.#experimentKey)
  }

  #keep<T>(kind: EntryKind, step: number, body: T): T {
    failPoint(`journal.${kind}.before`)
    const mayCommit = () => this.#fence.check()
    const path = experimentPaths[kind](this.#folder, step)
    const content = seal(body, this.#label(kind, step))
    // A second round is needed only if the one that was there is damaged.
    for (let round = 0; round < 2; round++) {
      if (writeOnce(path, content, { mayCommit })) {
        this.#unsynced.push(path)
        failPoint(`journal.${kind}.after`)
        return body
      }
      const there = this.#read<T>(kind, step)
      if (there !== null) return there
    }
    throw new Error(`${path} was damaged twice while it was written`)
  }
}
