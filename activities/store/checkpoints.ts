/**
 * Checkpoints of an experiment: `checkpoints/step-000020/`, a Hugging Face folder, or one of PEFT if an adapter is trained,
 * with the optimizer's state and a sealed manifest that names the step, the checkpoint before it and the experiment. A folder without a
 * valid manifest is not a checkpoint.
 */
import { join } from 'node:path'
import { trainedFile } from '../../pipelines/checkpoint/checkpoint-files.js'
import { RlevError } from '../../pipelines/errors.js'
import { failPoint } from '../fail-points/fail-point.js'
import { namesIn, removeWhole, setAside } from './files.js'
import { type Manifest, makeFolder, readFolderOrSetAside } from './folder.js'
import { experimentPaths, stepName, stepOf } from './runs/run-folder.js'

export interface CheckpointFacts {
  step: number
  /** Name of the checkpoint before it; null for the warm start. */
  parent: string | null
  /** Digest of everything in the config that changes results. */
  experimentKey: string
}

export interface Checkpoint {
  step: number
  path: string
  manifest: Manifest<CheckpointFacts>
  /** sha256 of model.safetensors, or with an adapter of adapter_model.safetensors. */
  weights: string
}

export class Checkpoints {
  readonly #folder: string
  readonly #experimentKey: string

  constructor(experimentFolder: string, experimentKey: string) {
    this.#folder = experimentPaths.checkpoints(experimentFolder)
    this.#experimentKey = experimentKey
  }

  /** Steps that have a checkpoint folder, whole or not, ascending. */
  steps(): number[] {
    return namesIn(this.#folder)
      .map(stepOf)
      .filter(step => step !== null)
      .sort((a, b) => a - b)
  }

  /** The checkpoint of a step, with every digest compared; null if it is missing, or was damaged and is now set aside. */
  whole(step: number): Checkpoint | null {
    const path = join(this.#folder, stepName(step))
    const manifest = readFolderOrSetAside<CheckpointFacts>(path)
    if (manifest === null) return null
    if (manifest.about.step !== step) {
      // Whole, but of another step: under this name it is damaged.
      setAside(path)
      return null
    }
    this.#refuseForeign(path, manifest.about)
    return { step, path, manifest, weights: weightsOf(path, manifest) }
  }

  /** The newest whole one at or before a step. Damaged ones on the way are set aside. */
  newestWhole(atMost: number): Checkpoint | null {
    for (const step of this.steps().reverse()) {
      if (step > atMost) continue
      const checkpoint = this.whole(step)
      if (checkpoint !== null) return checkpoint
    }
    return null
  }

  async make(options: {
    step: number
    fill: (folder: string) => Promise<void>
    mayCommit: () => void
  }): Promise<Checkpoint> {
    const { step, fill, mayCommit } = options
    const path = join(this.#folder, stepName(step))
    const before = this.steps()
      .filter(other => other < step)
      .at(-1)
    const about: CheckpointFacts = {
      step,
      parent: before === undefined ? null : stepName(before),
      experimentKey: this.#experimentKey,
    }
    const manifest = await makeFolder({ what: 'checkpoint', path, about, fill, mayCommit })
    this.#refuseForeign(path, manifest.about)
    return { step, path, manifest, weights: weightsOf(path, manifest) }
  }

  /**
   * Of the checkpoints up to step `made`, which is known to be whole, keeps that one, the newest `keep` before it, and the one of `also`.
   */
  retain({ made, keep, also }: { made: number; keep: number; also: number | null }): void {
    for (const step of stepsToDelete({ steps: this.steps(), made, keep, also })) {
      failPoint('retention.before')
      removeWhole(join(this.#folder, stepName(step)), () => failPoint('retention.aside'))
      failPoint('retention.after')
    }
  }

  #refuseForeign(path: string, { experimentKey }: CheckpointFacts): void {
    if (experimentKey === this.#experimentKey) return
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the checkpoint belongs to another experiment',
      place: path,
      expected: `experiment key ${this.#experimentKey}`,
      found: experimentKey,
      remedy: 'give the changed experiment another name',
    })
  }
}

/** Of the steps with a checkpoint up to `made`, those that are neither among the newest nor `also`. */
export function stepsToDelete(options: {
  steps: readonly number[]
  made: number
  keep: number
  also: number | null
}): number[] {
  const { steps, made, keep, also } = options
  return steps
    .filter(step => step <= made)
    .slice(0, -(keep + 1))
    .filter(step => step !== also)
}

function weightsOf(path: string, { files }: Manifest<CheckpointFacts>): string {
  const file = files[trainedFile(Object.keys(files)) ?? '']
  if (file !== undefined) return file.sha256
  throw new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the checkpoint has no model.safetensors or adapter_model.safetensors',
    place: path,
  })
}
