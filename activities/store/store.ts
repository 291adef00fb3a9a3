/**
 * The artifact store: `HOME/store/<kind>/<digest>/`, outputs of stages addressed by their inputs and made once, so that arms and seeds of
 * a sweep share data, values, warm start and its evaluation.
 */
import { readFileSync, utimesSync } from 'node:fs'
import { join, relative } from 'node:path'
import { digest } from '../../pipelines/config/digest.js'
import { RlevError } from '../../pipelines/errors.js'
import { shortened } from '../../pipelines/printable.js'
import { failPoint } from '../fail-points/fail-point.js'
import { isCode, namesIn, removeIfThere } from './files.js'
import { type Manifest, makeFolder, readFolder, readFolderOrSetAside, readManifest } from './folder.js'
import { insideHome } from './inside-home.js'
import { Unchanged } from './unchanged.js'

/** What activities pass on of an artifact. */
export interface ArtifactRef {
  /** Path relative to the home. */
  uri: string
  /** Of the file, or of the folder's files with their digests. */
  sha256: string
  bytes: number
  kind: string
}

/** Longer ones are not kept in memory. */
const mostKeptBytes = 2 ** 24

/** JSON files as they were read last. The stages of a step need the same items and values. */
const contents = new Unchanged<{ of: string; content: unknown }>(6)

/** Names without a leading dot, separated by single slashes. */
const uriForm = /^[\w-][\w.-]{0,127}(?:\/[\w-][\w.-]{0,127}){0,9}$/

/** Outputs that machines share beyond the folder (mirror/mirror.ts). */
export interface SharedOutputs {
  /** The output comes to `path` if it is known and not there. */
  fetch(output: { kind: string; digest: string; path: string }): Promise<void>
  /** The output at `path` is shared, or replaced by the one that was shared first. */
  keep(output: { kind: string; digest: string; path: string }): Promise<void>
  /** Nobody finds the output any more. */
  drop(output: { kind: string; digest: string }): Promise<void>
}

export class Store {
  readonly #home: string
  readonly #shared: SharedOutputs | null

  constructor(home: string, shared: SharedOutputs | null = null) {
    this.#home = home
    this.#shared = shared
  }

  /** Throws CallInvalid for a reference that leads out of the home: it comes from a workflow, which anybody may have started. */
  path({ uri }: Pick<ArtifactRef, 'uri'>): string {
    if (uriForm.test(uri)) return insideHome(this.#home, join(this.#home, uri))
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'this is not the path of a stored output',
      expected: 'a path inside the home, as store/data/<digest>',
      found: JSON.stringify(shortened(uri, 200)),
    })
  }

  /**
   * The output of kind `kind` for the inputs `from`: the one that is stored, or one that `fill` makes in an empty folder. The time of its
   * folder says when it was last taken: `rlev gc` leaves what was taken a moment ago and is referred to only later.
   */
  async once(options: {
    kind: string
    from: unknown
    fill: (folder: string) => Promise<void>
    mayCommit?: () => void
  }): Promise<ArtifactRef> {
    const { kind, from, ...rest } = options
    const output = this.#outputOf(options)
    const { path } = output
    for (;;) {
      await this.#shared?.fetch(output)
      const made = await makeFolder({ what: 'stage-output', path, about: { kind, from }, ...rest })
      await this.#shared?.keep(output)
      const manifest = this.#shared === null ? made : (readManifest<typeof made.about>(path) ?? made)
      // Deleted right after it was found: made again.
      if (touched(path)) return this.#refOf(path, kind, manifest)
    }
  }

  /** The output that is stored; null if there is none. A damaged one is set aside. */
  async find(address: { kind: string; from: unknown }): Promise<ArtifactRef | null> {
    const output = this.#outputOf(address)
    await this.#shared?.fetch(output)
    const manifest = readFolderOrSetAside<unknown>(output.path)
    return manifest !== null && touched(output.path) ? this.#refOf(output.path, address.kind, manifest) : null
  }

  /** Inputs of the outputs of a kind that are here. One that cannot be read, or goes meanwhile, is left out. */
  listed<From>(kind: string): { name: string; from: From }[] {
    const folder = join(this.#home, 'store', kind)
    return namesIn(folder).flatMap(name => {
      try {
        const manifest = readManifest<{ from: From }>(join(folder, name))
        return manifest === null ? [] : [{ name, from: manifest.about.from }]
      } catch (error) {
        if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return []
        throw error
      }
    })
  }

  /** Removes an output that nothing refers to and nothing will take. */
  async drop(kind: string, name: string): Promise<void> {
    const path = insideHome(this.#home, join(this.#home, 'store', kind, name))
    if (!removeIfThere(path, () => failPoint('outdated.aside'))) return
    await this.#shared?.drop({ kind, digest: name })
    failPoint('outdated.after')
  }

  /** The folder's path, after every file was compared with the reference. Throws ArtifactDamaged. */
  folder(ref: ArtifactRef): string {
    const path = this.path(ref)
    const manifest = readFolder(path)
    const found = manifest === null ? 'nothing' : this.#refOf(path, ref.kind, manifest).sha256
    if (found !== ref.sha256) throw damaged(path, ref.sha256, found)
    return path
  }

  /** Whether the output is there as the reference names it. A damaged one is set aside when it is made again. */
  isWhole(ref: ArtifactRef): boolean {
    try {
      this.folder(ref)
      return true
    } catch (error) {
      if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return false
      throw error
    }
  }

  /** A JSON file of a stored folder, after the comparison. Others of this process may be given the same content. */
  json<T>(ref: ArtifactRef, name: string): T {
    const read = () => ({
      of: ref.sha256,
      content: JSON.parse(readFileSync(join(this.folder(ref), name), 'utf8')) as unknown,
    })
    const there = ref.bytes > mostKeptBytes ? read() : contents.read(join(this.path(ref), name), read)
    return (there.of === ref.sha256 ? there : read()).content as T
  }

  #outputOf({ kind, from }: { kind: string; from: unknown }) {
    const name = digest(from)
    return { kind, digest: name, path: insideHome(this.#home, join(this.#home, 'store', kind, name)) }
  }

  #refOf(path: string, kind: string, manifest: Manifest<unknown>): ArtifactRef {
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0)
    return { uri: relative(this.#home, path), sha256: digest(manifest.files), bytes, kind }
  }
}

/** False if the folder is missing. */
function touched(path: string): boolean {
  const now = new Date()
  try {
    utimesSync(path, now, now)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    // The home of somebody else, or a file system that is read-only: `gc` cannot delete it either.
    if (isCode(error, 'EPERM', 'EACCES', 'EROFS')) return true
    throw error
  }
}

function damaged(place: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the stored output is not the one that the reference names',
    place,
    expected: `sha256 ${expected}`,
    found: found === 'nothing' ? found : `sha256 ${found}`,
    remedy: 'resume the run; shared outputs are made again',
  })
}
