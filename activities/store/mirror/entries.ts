/**
 * Entries of journals and evaluations: each is one object, written once, and the first one counts. They go up in the order of their use, so
 * that the metrics of a step are in the store only if its rollout and records are.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { failPoint } from '../../fail-points/fail-point.js'
import { FenceLost } from '../fence.js'
import { namesIn, readIfThere } from '../files.js'
import type { Objects } from '../objects/objects.js'
import { experimentPaths, runFolder, stepName, stepOf } from '../runs/run-folder.js'
import { writeCached, writeCachedOnce } from './cached-file.js'
import { type EntryKind, entryKey, entryKinds } from './keys.js'

const atOnce = 8

/** What replaying needs, and readers do not. */
const replayed: readonly EntryKind[] = ['rollouts', 'records']

export class Entries {
  readonly #home: string
  readonly #objects: Objects
  /** By experiment and kind: the last name up to which the store has all that is here, and this machine all that it needs. */
  readonly #upTo = new Map<string, string>()
  /** Keys behind those: entries that the store is known to have too. */
  readonly #there = new Set<string>()

  constructor(home: string, objects: Objects) {
    this.#home = home
    this.#objects = objects
  }

  /**
   * Metrics and evaluations that this machine lacks, and if they are `toReplay`, rollouts and records of steps after `after`: those before it
   * are behind a checkpoint.
   */
  async pull(id: string, { toReplay, after }: { toReplay: boolean; after: number }): Promise<void> {
    const kinds = entryKinds.filter(kind => toReplay || !replayed.includes(kind))
    await Promise.all(kinds.map(kind => this.#pullKind(id, kind, replayed.includes(kind) ? after : 0)))
  }

  async #pullKind(id: string, kind: EntryKind, after: number): Promise<void> {
    const prefix = entryKey(id, kind, '')
    const folder = join(runFolder(this.#home, id), kind)
    const from = this.#upTo.get(prefix) ?? (after > 0 ? `${stepName(after)}.json` : undefined)
    const limit = pLimit(atOnce)
    const pulls: Promise<void>[] = []
    for await (const { key } of this.#objects.list(prefix, from === undefined ? {} : { after: prefix + from })) {
      const name = key.slice(prefix.length)
      if (stepOf(name) === null) continue
      this.#there.add(key)
      if (existsSync(join(folder, name))) continue
      pulls.push(
        limit(async () => {
          const found = await this.#objects.get(key)
          if (found !== null) await writeCachedOnce(join(folder, name), found.content)
        }),
      )
    }
    await Promise.all(pulls)
    if (from !== undefined) this.#upTo.set(prefix, from)
    this.#settle(prefix, folder)
  }

  /** Up to the first entry here that the store is not known to have, nothing has to be asked for again. */
  #settle(prefix: string, folder: string): void {
    const from = this.#upTo.get(prefix) ?? ''
    for (const name of namesIn(folder).filter(entry => stepOf(entry) !== null && entry > from)) {
      if (!this.#there.has(prefix + name)) return
      this.#upTo.set(prefix, name)
      this.#there.delete(prefix + name)
    }
  }

  /**
   * Throws FenceLost if the store has another entry of one of them: what follows from it here is dropped. `mayGoOn` throws if a later attempt
   * works here: its files are not touched.
   */
  async push(id: string, mayGoOn: () => void): Promise<void> {
    for (const kind of entryKinds) {
      const prefix = entryKey(id, kind, '')
      const folder = join(runFolder(this.#home, id), kind)
      const from = this.#upTo.get(prefix) ?? ''
      const names = namesIn(folder).filter(name => stepOf(name) !== null && name > from)
      const limit = pLimit(atOnce)
      await Promise.all(
        names
          .filter(name => !this.#there.has(prefix + name))
          .map(name => limit(() => this.#pushEntry({ id, kind, name, path: join(folder, name), mayGoOn }))),
      )
      this.#settle(prefix, folder)
    }
  }

  async #pushEntry({
    id,
    kind,
    name,
    path,
    mayGoOn,
  }: {
    id: string
    kind: EntryKind
    name: string
    path: string
    mayGoOn: () => void
  }): Promise<void> {
    mayGoOn()
    const content = readIfThere(path)
    if (content === null) return
    const key = entryKey(id, kind, name)
    const put = await this.#objects.putIfAbsent(key, content)
    if (put.kind === 'written') {
      this.#there.add(key)
      failPoint('push.entry')
      return
    }
    const found = await this.#objects.get(key)
    if (found === null) return
    mayGoOn()
    await writeCached(path, found.content)
    this.#there.add(key)
    // Metrics and evaluations only tell: with the first ones nothing else changes.
    if (!replayed.includes(kind)) return
    await this.#dropAfter(id, stepOf(name) ?? 0)
    throw new FenceLost(`${this.#objects.address}/${key}`)
  }

  /** What was made here from another rollout or other records than the store has. */
  async #dropAfter(id: string, step: number): Promise<void> {
    for (const kind of entryKinds) {
      const folder = join(runFolder(this.#home, id), kind)
      for (const name of namesIn(folder)) {
        const at = stepOf(name) ?? 0
        const follows = at > step || (at === step && kind === 'metrics')
        if (follows && !this.#there.has(entryKey(id, kind, name))) await rm(join(folder, name), { force: true })
      }
    }
    const checkpoints = experimentPaths.checkpoints(runFolder(this.#home, id))
    for (const name of namesIn(checkpoints)) {
      if ((stepOf(name) ?? 0) >= step) await rm(join(checkpoints, name), { recursive: true, force: true })
    }
  }

  /** Rollouts and records up to a step, which a note says are trimmed. */
  async trim(id: string, upTo: number): Promise<void> {
    for (const kind of replayed) {
      for await (const { key, etag } of this.#objects.list(entryKey(id, kind, ''))) {
        const step = stepOf(key.slice(key.lastIndexOf('/') + 1))
        if (step === null || step > upTo) break
        await this.#objects.deleteIfMatch(key, etag)
      }
    }
  }

  forgetRun(name: string): void {
    for (const known of [this.#upTo, this.#there]) {
      for (const key of known.keys()) if (key.startsWith(`runs/${name}/`)) known.delete(key)
    }
  }
}
