/** Checkpoints of an experiment in the store: fetched for a policy that is not in this process, kept with a fence, and deleted as here. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RlevError } from '../../../pipelines/errors.js'
import { stepsToDelete } from '../checkpoints.js'
import { FenceLost } from '../fence.js'
import { namesIn } from '../files.js'
import { readFolderOrSetAside } from '../folder.js'
import type { Objects } from '../objects/objects.js'
import { bestStep, readTrim } from '../retention.js'
import { originalKey } from '../runs/provenance.js'
import { experimentPaths, runFolder, stepName, stepOf } from '../runs/run-folder.js'
import { readConfig } from '../runs/runs.js'
import type { Entries } from './entries.js'
import { type Folders, makeWay } from './folders.js'
import { checkpointKey } from './keys.js'
import type { Owners } from './owner.js'

export class MirroredCheckpoints {
  readonly #home: string
  readonly #objects: Objects
  readonly #folders: Folders
  readonly #owners: Owners
  /** By experiment: the steps up to which the store was last trimmed, and the newest step at which old checkpoints were deleted. */
  readonly #trimmed = new Map<string, number>()
  readonly #made = new Map<string, number>()

  constructor(options: { home: string; objects: Objects; folders: Folders; owners: Owners }) {
    this.#home = options.home
    this.#objects = options.objects
    this.#folders = options.folders
    this.#owners = options.owners
  }

  /** Step of the newest in the store; 0 if there is none. */
  async newest(id: string): Promise<number> {
    return (await this.steps(id)).at(-1) ?? 0
  }

  /** In the store, ascending. */
  async steps(id: string): Promise<number[]> {
    const prefix = checkpointKey(id, '')
    const steps: number[] = []
    for await (const { key } of this.#objects.list(prefix)) {
      const step = stepOf(key.slice(prefix.length))
      if (step !== null) steps.push(step)
    }
    return steps.sort((a, b) => a - b)
  }

  /** The newest whole one at or before a step comes into the folder, unless it is there. Gives its step; 0 if the store has none. */
  async fetchNewest(id: string, atMost: number): Promise<number> {
    for (const step of (await this.steps(id)).reverse()) {
      if (step <= atMost && (await this.fetch(id, step))) return step
    }
    return 0
  }

  /** False if it is damaged in the store. */
  async fetch(id: string, step: number): Promise<boolean> {
    const path = this.#path(id, step)
    if (existsSync(path) && readFolderOrSetAside(path) !== null) return true
    try {
      return await this.#folders.fetch(checkpointKey(id, stepName(step)), path)
    } catch (error) {
      if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return false
      throw error
    }
  }

  /**
   * Those that are here only. Throws FenceLost if the store has another one of the same step, which then counts. They go up in the order of
   * their steps, so one that is older than the newest in the store has been there: it was deleted, perhaps from another machine, and stays so.
   */
  async push(id: string): Promise<void> {
    const folder = experimentPaths.checkpoints(runFolder(this.#home, id))
    let there: number[] | undefined
    for (const name of namesIn(folder)) {
      const step = stepOf(name)
      if (step === null) continue
      const key = checkpointKey(id, name)
      if (this.#folders.knows(key)) continue
      there ??= await this.steps(id)
      if (step < (there.at(-1) ?? 0) && !there.includes(step)) continue
      const path = this.#path(id, step)
      const kept = await this.#folders.keep({ key, path, mayCommit: () => this.#owners.check(id) })
      if (kept === 'kept') continue
      await makeWay(path)
      throw new FenceLost(`${this.#objects.address}/${key}`)
    }
  }

  /** After a push: old checkpoints and trimmed entries go from the store by the rules by which they went from the folder. */
  async retain(id: string, entries: Entries): Promise<void> {
    const folder = runFolder(this.#home, id)
    const upTo = readTrim(folder)?.upTo ?? 0
    if (upTo > (this.#trimmed.get(id) ?? 0)) {
      await entries.trim(id, upTo)
      this.#trimmed.set(id, upTo)
    }
    const made = namesIn(experimentPaths.checkpoints(folder)).map(stepOf).at(-1) ?? 0
    if (made <= (this.#made.get(id) ?? 0)) return
    const config = readConfig(this.#home, id)
    const { keep, best } = config.checkpoint
    const steps = await this.steps(id)
    const experimentKey = originalKey(this.#home, id, config)
    const also = best ? bestStep({ folder, steps, metric: best, experimentKey }) : null
    for (const step of stepsToDelete({ steps, made, keep, also })) {
      const key = checkpointKey(id, stepName(step))
      const there = await this.#objects.facts(key)
      if (there !== null) await this.#objects.deleteIfMatch(key, there.etag)
      this.#folders.forget(key)
    }
    this.#made.set(id, made)
  }

  #path(id: string, step: number): string {
    return join(experimentPaths.checkpoints(runFolder(this.#home, id)), stepName(step))
  }
}
