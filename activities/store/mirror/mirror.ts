/**
 * A home whose folder is this machine's copy of an object store. What stages and commands read and write stays the folder; the store is
 * asked at their borders only: `pull` before, `push` after. Without a store there is no mirror, and the folder is the home.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RlevError } from '../../../pipelines/errors.js'
import { type Attempt, FenceLost } from '../fence.js'
import { readIfThere } from '../files.js'
import { storeAddress, storeVariable } from '../objects/address.js'
import type { Objects } from '../objects/objects.js'
import { allReferenceNames, readReferences } from '../references.js'
import { planPaths, runFolder } from '../runs/run-folder.js'
import { experimentsOf, listRuns, readPlan, readResult } from '../runs/runs.js'
import type { ArtifactRef, SharedOutputs } from '../store.js'
import { writeCached } from './cached-file.js'
import { ChangingFiles } from './changing-files.js'
import { Entries } from './entries.js'
import { type ExaminedObjects, examineObjects } from './examine.js'
import { Folders, makeWay } from './folders.js'
import { collectGarbage, type StoreGarbage } from './garbage.js'
import { changingKey, homeIdKey, runPrefix, runsPrefix, storedKey, storedPrefix } from './keys.js'
import { MirroredCheckpoints } from './mirrored-checkpoints.js'
import { Owners } from './owner.js'

interface Parts {
  objects: Objects
  changing: ChangingFiles
  entries: Entries
  folders: Folders
  checkpoints: MirroredCheckpoints
  owners: Owners
}

export interface Wanted {
  /** Rollouts and records behind the newest checkpoint too, which only replaying reads. */
  toReplay?: boolean
  /** The newest checkpoint at or before this step. */
  checkpoint?: number | null
  /** False leaves out the files of the sweep that an experiment belongs to. */
  plan?: boolean
}

/** Null if no store is named: the home is a folder alone. Throws CallInvalid for an address that cannot be read. */
export function mirrorOf(home: string): Mirror | null {
  const address = storeAddress()
  if (address === undefined) return null
  return new Mirror(home, async () => {
    // The SDK takes a quarter of a second to load.
    const { S3Objects } = await import('../objects/s3.js')
    return new S3Objects(address)
  })
}

export class Mirror implements SharedOutputs {
  readonly #home: string
  readonly #open: () => Promise<Objects>
  #parts: Promise<Parts> | undefined
  /** By experiment: the last pull or push, after which the next one begins. */
  readonly #turns = new Map<string, Promise<void>>()
  /** By experiment: how many attempts of this process have taken its fence. */
  readonly #taken = new Map<string, number>()

  constructor(home: string, open: () => Promise<Objects>) {
    this.#home = home
    this.#open = open
  }

  parts(): Promise<Parts> {
    this.#parts ??= this.#open().then(objects => {
      const folders = new Folders(objects)
      const owners = new Owners(objects)
      return {
        objects,
        changing: new ChangingFiles(this.#home, objects),
        entries: new Entries(this.#home, objects),
        folders,
        checkpoints: new MirroredCheckpoints({ home: this.#home, objects, folders, owners }),
        owners,
      }
    })
    return this.#parts
  }

  /**
   * The home gets the name of the store, or the store that of the home; a new one if neither has one and `create`. Throws CallInvalid for a
   * home with runs under another name.
   */
  async join({ create = false }: { create?: boolean } = {}): Promise<void> {
    const { objects } = await this.parts()
    const path = join(this.#home, 'home-id')
    const here = readIfThere(path)
    const there = await objects.get(homeIdKey)
    if (there === null) {
      if (here === null && !create) return
      const put = await objects.putIfAbsent(homeIdKey, here ?? Buffer.from(randomUUID().slice(0, 8)))
      return here !== null && put.kind === 'written' ? undefined : this.join()
    }
    if (here?.equals(there.content)) return
    if (here === null || listRuns(this.#home).length === 0) return writeCached(path, there.content)
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the store belongs to another home, and this home has other runs',
      place: objects.address,
      expected: `home ${here.toString('utf8').trim()}`,
      found: `home ${there.content.toString('utf8').trim()}`,
      remedy: `use another home with this store (--home), or another prefix in ${storeVariable} for this home`,
    })
  }

  /** Files of a plan or an experiment, metrics and evaluations, and what else is wanted. */
  async pull(id: string, { toReplay = false, checkpoint = null, plan = true }: Wanted = {}): Promise<void> {
    const { changing, entries, checkpoints } = await this.parts()
    await this.#inTurn(id, async () => {
      await Promise.all(foldersOf(id, plan).map(one => changing.pull(one)))
      const after = checkpoint === null ? await checkpoints.newest(id) : await checkpoints.fetchNewest(id, checkpoint)
      await entries.pull(id, { toReplay, after })
    })
  }

  /**
   * A push may outlive its attempt, which a timeout or a cut network ended. The next attempt waits for it here, so that it finds no files that
   * the push then changes.
   */
  #inTurn(id: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(work)
    const over = turn.catch(() => {})
    this.#turns.set(id, over)
    void over.then(() => {
      if (this.#turns.get(id) === over) this.#turns.delete(id)
    })
    return turn
  }

  /** Files of a plan alone. */
  async pullPlan(name: string): Promise<void> {
    const { changing } = await this.parts()
    await changing.pull(name)
  }

  /** The last checkpoint of an experiment whose result says that it is done. */
  async pullEnd(id: string): Promise<void> {
    const { checkpoints } = await this.parts()
    const result = readResult(this.#home, id)
    if (result?.state === 'done' && result.step > 0) await checkpoints.fetchNewest(id, result.step)
  }

  /** For a command: what tells how far it is, its items, its checkpoints, or everything. */
  async pullDepth(
    id: string,
    depth: 'progress' | 'exam' | 'policies' | 'all',
    { plan = true }: Pick<Wanted, 'plan'> = {},
  ): Promise<void> {
    const { entries, checkpoints } = await this.parts()
    await this.pull(id, { plan })
    if (depth === 'progress') return
    const references = readReferences(runFolder(this.#home, id))
    const wanted = depth === 'exam' ? (['data', 'values'] as const) : allReferenceNames
    await this.pullOutputs(wanted.flatMap(name => references.get(name) ?? []))
    if (depth === 'exam') return
    for (const step of await checkpoints.steps(id)) await checkpoints.fetch(id, step)
    if (depth === 'all') await entries.pull(id, { toReplay: true, after: 0 })
  }

  async pullOutputs(refs: readonly ArtifactRef[]): Promise<void> {
    const { folders } = await this.parts()
    for (const { uri } of refs) {
      const [, kind, digest] = /^store\/([\w-]+)\/([\w-]+)$/.exec(uri) ?? []
      if (kind === undefined || digest === undefined) continue
      await folders.fetch(storedKey(kind, digest), join(this.#home, uri))
    }
  }

  /** Takes the fence over all machines. Throws FenceLost when a later attempt has had it. */
  async take(id: string, attempt: Attempt): Promise<void> {
    this.#taken.set(id, (this.#taken.get(id) ?? 0) + 1)
    const { owners } = await this.parts()
    await owners.take(id, attempt)
  }

  /** What changed here. `fenced`: also entries and checkpoints, if the fence still is this process's; else FenceLost. */
  async push(id: string, { fenced, plan = true }: { fenced: boolean } & Pick<Wanted, 'plan'>): Promise<void> {
    const { changing, entries, checkpoints, owners, objects } = await this.parts()
    const taken = this.#taken.get(id)
    const mayGoOn = () => {
      if (this.#taken.get(id) !== taken) throw new FenceLost(`${objects.address}/${runPrefix(id)}`)
    }
    await this.#inTurn(id, async () => {
      if (fenced) {
        mayGoOn()
        await owners.check(id)
        await entries.push(id, mayGoOn)
        mayGoOn()
        await checkpoints.push(id)
      }
      for (const one of foldersOf(id, plan)) await changing.push(one)
      if (fenced) await checkpoints.retain(id, entries)
    })
  }

  /** One that is damaged in the store is made again, and then put there whole. */
  async fetch({ kind, digest, path }: { kind: string; digest: string; path: string }): Promise<void> {
    const { folders } = await this.parts()
    try {
      await folders.fetch(storedKey(kind, digest), path)
    } catch (error) {
      if (!(error instanceof RlevError && error.kind === 'ArtifactDamaged')) throw error
    }
  }

  /** The first output in the store counts. */
  async keep({ kind, digest, path }: { kind: string; digest: string; path: string }): Promise<void> {
    const { folders } = await this.parts()
    const key = storedKey(kind, digest)
    if ((await folders.keep({ key, path })) === 'kept') return
    await makeWay(path)
    await folders.fetch(key, path)
  }

  /** The manifest goes; the bytes, which another output may have too, go as garbage (garbage.ts). */
  async drop({ kind, digest }: { kind: string; digest: string }): Promise<void> {
    const { folders, objects } = await this.parts()
    const key = storedKey(kind, digest)
    const there = await objects.facts(key)
    if (there !== null) await objects.deleteIfMatch(key, there.etag)
    folders.forget(key)
  }

  /** Plans of all runs of the store. Runs that were deleted elsewhere go here too. */
  async pullPlans(): Promise<string[]> {
    const { objects, changing } = await this.parts()
    const names = new Set(listRuns(this.#home).filter(name => changing.wasThere(name, 'plan.json')))
    for await (const name of objects.names(runsPrefix)) names.add(name)
    for (const name of names) {
      await changing.pull(name)
      const folder = runFolder(this.#home, name)
      if (!existsSync(planPaths.plan(folder))) await this.#forget(name)
    }
    return [...names].filter(name => existsSync(planPaths.plan(runFolder(this.#home, name))))
  }

  async #forget(name: string): Promise<void> {
    const { changing, entries, folders } = await this.parts()
    await rm(runFolder(this.#home, name), { recursive: true, force: true })
    await changing.forgetRun(name)
    entries.forgetRun(name)
    folders.forgetUnder(runPrefix(name))
  }

  /** The objects of a run that has been pulled whole. */
  async examine(name: string): Promise<ExaminedObjects> {
    const { objects } = await this.parts()
    const ids = experimentsOf(readPlan(this.#home, name)).map(({ id }) => id)
    const refs = ids.flatMap(id => [...readReferences(runFolder(this.#home, id)).values()])
    const stored = [...new Set(refs.map(({ uri }) => uri.replace(/^store\//, storedPrefix)))]
    return examineObjects({ home: this.#home, objects, name, stored })
  }

  async collectGarbage(options: { isOpen: boolean; dryRun: boolean }): Promise<StoreGarbage> {
    const { objects } = await this.parts()
    return collectGarbage(objects, options)
  }

  /** Removes a run from the store: a note first, its plan last, so that a deletion that is interrupted is known and can be completed. */
  async deleteRun(name: string): Promise<void> {
    const { objects } = await this.parts()
    const note = changingKey(name, 'deleting.json')
    const later = [changingKey(name, 'plan.json'), `${changingKey(name, 'plan.json')}.sha256`, note]
    for await (const { key, etag } of objects.list(runPrefix(name))) {
      if (!later.includes(key)) await objects.deleteIfMatch(key, etag)
    }
    for (const key of later) {
      const there = await objects.facts(key)
      if (there !== null) await objects.deleteIfMatch(key, there.etag)
    }
  }
}

/** Of a plan or an experiment: its folder, behind that of its sweep. */
function foldersOf(id: string, plan: boolean): string[] {
  const [name = id] = id.split('/')
  return plan ? [...new Set([name, id])] : [id]
}
