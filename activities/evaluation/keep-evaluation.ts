/** The two files of one evaluation in an experiment's folder. It counts if both are whole; the file that decides is written last. */
import { dirname } from 'node:path'
import type { ItemOutcome } from '../../pipelines/evaluation/evaluation.js'
import { failPoint } from '../fail-points/fail-point.js'
import type { Fence } from '../store/fence.js'
import { syncPath, writeOnce, writeWhole } from '../store/files.js'
import { originalKey } from '../store/runs/provenance.js'
import { entryLabel, experimentPaths, runFolder } from '../store/runs/run-folder.js'
import { readConfig, type StoredEvaluation } from '../store/runs/runs.js'
import { readSealedOrSetAside, seal } from '../store/sealed.js'

export interface MadeEvaluation {
  stored: StoredEvaluation
  outcomes: ItemOutcome[]
}

export class KeptEvaluation {
  readonly #path: string
  readonly #itemsPath: string
  readonly #label: string
  readonly #itemsLabel: string

  constructor({ home, run, step }: { home: string; run: string; step: number }) {
    const folder = runFolder(home, run)
    const key = originalKey(home, run, readConfig(home, run))
    this.#path = experimentPaths.evaluation(folder, step)
    this.#itemsPath = experimentPaths.evaluationItems(folder, step)
    this.#label = entryLabel('evaluation', step, key)
    this.#itemsLabel = entryLabel('evaluation items', step, key)
  }

  /** Null if a part is missing or damaged. */
  read(): StoredEvaluation | null {
    const there = readSealedOrSetAside<StoredEvaluation>(this.#path, this.#label)
    return there !== null && readSealedOrSetAside(this.#itemsPath, this.#itemsLabel) !== null ? there : null
  }

  keep({ stored, outcomes }: MadeEvaluation, fence: Fence): void {
    const mayCommit = () => fence.check()
    failPoint('evaluation.before')
    writeWhole(this.#itemsPath, seal(outcomes, this.#itemsLabel), { mayCommit })
    failPoint('evaluation.items')
    // The evaluation itself comes last and once: its time is what its points in MLflow carry.
    writeOnce(this.#path, seal(stored, this.#label), { mayCommit })
    failPoint('evaluation.after')
    syncPath(this.#path)
    syncPath(dirname(this.#path))
    failPoint('evaluation.synced')
  }
}
