/**
 * What a run remembers of a server, in `server/` of the experiment: what its probe found,
 * the state that each step ended with, and the models that were made for it. A model that is not the newest is nobody's: the attempt that made it has ended, or is about to find its fence taken.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { makePath, namesIn, writeWhole } from '../../store/files.js'
import { entryLabel, experimentPaths, stepName, stepOf } from '../../store/runs/run-folder.js'
import { readSealedOrSetAside, seal } from '../../store/sealed.js'
import type { Findings } from '../probe/findings.js'

export interface KeptState {
  /** Updates that are in it. */
  step: number
  /** As the server names it. */
  path: string
  modelId: string
  /** `w-000012-a3`: of step 12, by the third model of the experiment. */
  name: string
}

export interface KeptFindings {
  address: string
  findings: Findings
  /** When the server was probed, in ms. */
  time: number
}

export interface KeptModels {
  /** Models that were ever made for the experiment. */
  made: number
  /** Those that may still take a place on the server. */
  open: readonly string[]
}

/** Throws if another attempt has taken over the experiment. */
export type MayCommit = () => void

export class States {
  readonly #folder: string
  readonly #experimentKey: string

  constructor({ folder, experimentKey }: { folder: string; experimentKey: string }) {
    this.#folder = experimentPaths.server(folder)
    this.#experimentKey = experimentKey
  }

  /** The newest first. */
  atOrBefore(step: number): KeptState[] {
    const steps = namesIn(this.#folder).flatMap(name => stepOf(name) ?? [])
    return steps
      .filter(other => other <= step)
      .toSorted((a, b) => b - a)
      .flatMap(other => readSealedOrSetAside<KeptState>(this.#path(other), this.#label(other)) ?? [])
  }

  keep(state: KeptState, mayCommit: MayCommit): void {
    this.#write(this.#path(state.step), seal(state, this.#label(state.step)), mayCommit)
  }

  forget({ step }: KeptState, mayCommit: MayCommit): void {
    mayCommit()
    rmSync(this.#path(step), { force: true })
  }

  /** Of the probe of the server at that address; null before it. */
  findings(address: string): KeptFindings | null {
    const kept = readSealedOrSetAside<KeptFindings>(this.#findingsPath)
    return kept?.address === address ? kept : null
  }

  keepFindings(kept: KeptFindings, mayCommit: MayCommit): void {
    this.#write(this.#findingsPath, seal(kept), mayCommit)
  }

  models(): KeptModels {
    return readSealedOrSetAside<KeptModels>(this.#modelsPath) ?? { made: 0, open: [] }
  }

  keepModels(models: KeptModels, mayCommit: MayCommit): void {
    this.#write(this.#modelsPath, seal(models), mayCommit)
  }

  get #findingsPath(): string {
    return join(this.#folder, 'findings.json')
  }

  get #modelsPath(): string {
    return join(this.#folder, 'models.json')
  }

  #path(step: number): string {
    return join(this.#folder, `${stepName(step)}.json`)
  }

  #label(step: number): string {
    return entryLabel('state', step, this.#experimentKey)
  }

  #write(path: string, text: string, mayCommit: MayCommit): void {
    makePath(this.#folder)
    writeWhole(path, text, { mayCommit })
  }
}
