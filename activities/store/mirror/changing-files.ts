/**
 * Files of a run that may change: plan, config, references, result, report and others, each an object that is replaced by its tag. A note
 * in `HOME/mirrored/` says of each which object and which bytes were last alike, so that a change here is told from one elsewhere. What
 * changed on both sides is as the store has it: it was committed first.
 */
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { RlevError } from '../../../pipelines/errors.js'
import { failPoint } from '../../fail-points/fail-point.js'
import { digestBeside } from '../digest-beside.js'
import { FenceLost } from '../fence.js'
import { isCode, namesIn, readIfThere, sha256 } from '../files.js'
import { insideHome } from '../inside-home.js'
import type { Facts, Objects } from '../objects/objects.js'
import { reportParts, runFolder } from '../runs/run-folder.js'
import { bodyOf } from '../sealed.js'
import { usualEtag, writeCached } from './cached-file.js'
import { changingKey } from './keys.js'

/** When a file and its object were last alike. */
interface Alike {
  store: string
  etag: string
  sha256: string
}

const atOnce = 8

/** Folders of a run with such files, below its own. */
const folders = ['', 'references', 'evaluations', 'report', ...reportParts.map(part => `report/${part}`)]
/** Written when the others are there. */
const last = ['report/files.json', 'result.json']

export class ChangingFiles {
  readonly #home: string
  readonly #objects: Objects

  constructor(home: string, objects: Objects) {
    this.#home = home
    this.#objects = objects
  }

  /** The folder of a plan or an experiment becomes as the store has it, but for what changed here alone. */
  async pull(id: string): Promise<void> {
    const folder = runFolder(this.#home, id)
    // Without its folder a run was not changed here, but removed from a cache.
    if (!existsSync(folder)) await rm(this.#notes(id), { recursive: true, force: true })
    const prefix = changingKey(id, '')
    // Before the list: what another stage of this process pushes meanwhile is not missing.
    const noted = this.#noted(id)
    const there = new Set<string>()
    const limit = pLimit(atOnce)
    const pulls: Promise<void>[] = []
    for await (const facts of this.#objects.list(prefix)) {
      const path = facts.key.slice(prefix.length)
      if (!isChanging(path)) continue
      there.add(path)
      pulls.push(limit(() => this.#pullFile(id, path, facts)))
    }
    await Promise.all(pulls)
    for (const path of noted) {
      if (there.has(path) || (await this.#objects.facts(changingKey(id, path))) !== null) continue
      const local = readIfThere(join(folder, path))
      if (local !== null && sha256(local) === this.#alike(id, path)?.sha256)
        await rm(join(folder, path), { force: true })
      await this.#forget(id, path)
    }
  }

  async #pullFile(id: string, path: string, { key, etag }: Facts): Promise<void> {
    const file = insideHome(this.#home, join(runFolder(this.#home, id), path))
    const local = readIfThere(file)
    const before = this.#alike(id, path)
    // Deleted here, and not in the store yet; what was set aside as damaged was not deleted.
    if (local === null && before?.etag === etag && !existsSync(`${file}.damaged-1`)) return
    if (local !== null && before?.etag === etag) return
    if (local !== null && usualEtag(local) === etag) return this.#note(id, path, { etag, content: local })
    const found = await this.#objects.get(key)
    // Deleted since the list.
    if (found === null) return
    // Pushed by another stage since the list, and perhaps changed again.
    if (existsSync(file) && this.#alike(id, path)?.etag === found.etag) return
    await writeCached(file, found.content)
    await this.#note(id, path, found)
  }

  /** Throws FenceLost if somebody else has changed one of them since it was pulled. */
  async push(id: string): Promise<void> {
    const folder = runFolder(this.#home, id)
    const local = pathsIn(folder)
    for (const path of this.#noted(id)) {
      if (local.includes(path) || existsSync(`${join(folder, path)}.damaged-1`)) continue
      await this.#remove(id, path)
    }
    const changed = local.filter(path => {
      const content = readIfThere(join(folder, path))
      return content !== null && this.#alike(id, path)?.sha256 !== sha256(content)
    })
    for (const path of changed) {
      const beside = digestBeside(path)
      // A reader in between accepts a file without a digest beside it, and not one with an older digest.
      if (changed.includes(beside) && this.#alike(id, beside) !== null) await this.#remove(id, beside)
      await this.#pushFile(id, path)
    }
  }

  async #pushFile(id: string, path: string): Promise<void> {
    const file = join(runFolder(this.#home, id), path)
    const content = readIfThere(file)
    // What is damaged here is not spread; its reader sets it aside.
    if (content === null || !isSound(file, content)) return
    const key = changingKey(id, path)
    const before = this.#alike(id, path)
    const put =
      before === null
        ? await this.#objects.putIfAbsent(key, content)
        : await this.#objects.putIfMatch(key, content, before.etag)
    if (put.kind === 'refused') {
      await this.#forget(id, path)
      throw new FenceLost(`${this.#objects.address}/${key}`)
    }
    await this.#note(id, path, { etag: put.etag, content })
    failPoint('push.file')
  }

  async #remove(id: string, path: string): Promise<void> {
    const before = this.#alike(id, path)
    const key = changingKey(id, path)
    if (before !== null && !(await this.#objects.deleteIfMatch(key, before.etag))) {
      await this.#forget(id, path)
      throw new FenceLost(`${this.#objects.address}/${key}`)
    }
    await this.#forget(id, path)
  }

  /** Whether the file was once alike in the store. */
  wasThere(id: string, path: string): boolean {
    return this.#alike(id, path) !== null
  }

  /** The files of a run that are noted are forgotten. */
  async forgetRun(name: string): Promise<void> {
    await rm(join(this.#home, 'mirrored', name), { recursive: true, force: true })
  }

  #notes(id: string): string {
    return join(this.#home, 'mirrored', ...id.split('/'), '@')
  }

  /** Paths with a note. */
  #noted(id: string): string[] {
    return namesIn(this.#notes(id))
      .map(name => name.replaceAll('@', '/'))
      .filter(path => this.#alike(id, path) !== null)
  }

  #noteOf(id: string, path: string): string {
    return join(this.#notes(id), path.replaceAll('/', '@'))
  }

  #alike(id: string, path: string): Alike | null {
    const text = readIfThere(this.#noteOf(id, path))?.toString('utf8')
    const alike = text === undefined ? null : parsed(text)
    return alike?.store === this.#objects.address ? alike : null
  }

  async #note(id: string, path: string, { etag, content }: { etag: string; content: Uint8Array }): Promise<void> {
    const alike: Alike = { store: this.#objects.address, etag, sha256: sha256(content) }
    await writeCached(this.#noteOf(id, path), JSON.stringify(alike))
  }

  async #forget(id: string, path: string): Promise<void> {
    await rm(this.#noteOf(id, path), { force: true })
  }
}

function parsed(text: string): Alike | null {
  try {
    return JSON.parse(text) as Alike
  } catch {
    return null
  }
}

function pathsIn(folder: string): string[] {
  const paths = folders.flatMap(below =>
    filesIn(join(folder, below)).map(name => (below === '' ? name : `${below}/${name}`)),
  )
  const order = (path: string) => last.indexOf(path)
  return paths.filter(isChanging).sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap(entry => (entry.isFile() ? entry.name : []))
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

/** Not: the fence of this machine, what is unfinished or set aside, and evaluations, which are entries. */
function isChanging(path: string): boolean {
  const parts = path.split('/')
  const name = parts.at(-1) ?? ''
  const below = parts.slice(0, -1).join('/')
  if (!folders.includes(below) || !/^[\w-][\w.-]*$/.test(name)) return false
  if (below === 'evaluations') return name.endsWith('.items.json')
  return path !== 'owner' && !/\.damaged-\d+$/.test(name)
}

function isSound(file: string, content: Buffer): boolean {
  const digest = readIfThere(digestBeside(file))?.toString('utf8').slice(0, 64)
  if (digest !== undefined && digest !== sha256(content)) return false
  if (!content.subarray(0, 10).equals(Buffer.from('{"sha256":'))) return true
  try {
    bodyOf(content, file)
    return true
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return false
    throw error
  }
}
