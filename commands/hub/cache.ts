/**
 * The cache that the libraries of Hugging Face share: `datasets--owner--name/` with `blobs/` by digest, `snapshots/COMMIT/` of links
 * to them, and `refs/REVISION` with the commit of a branch or tag.
 */
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { writeWhole } from '../../activities/store/files.js'
import { RlevError } from '../../pipelines/errors.js'
import { processStart } from '../services/identity.mjs'
import { type HubClient, type HubFile, type HubRepo, HubUnreachable, hubHome } from './client.js'

/** Downloads of a file that may break off before it is given up. */
const maxAttempts = 5

export class RepoCache {
  readonly folder: string
  readonly #repo: HubRepo

  constructor(repo: HubRepo, environment: NodeJS.ProcessEnv) {
    const cache =
      environment['HF_HUB_CACHE'] || environment['HUGGINGFACE_HUB_CACHE'] || join(hubHome(environment), 'hub')
    this.folder = join(cache, [`${repo.type}s`, ...repo.name.split('/')].join('--'))
    this.#repo = repo
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  /** The commit that a branch or tag had when it was fetched last, or the commit itself; null if nothing was fetched. */
  commitOf(revision: string): string | null {
    const isCommit = /^[0-9a-f]{40}$/.test(revision)
    const ref = join(this.folder, 'refs', revision)
    const commit = isCommit ? revision : existsSync(ref) ? readFileSync(ref, 'utf8').trim() : ''
    return /^[0-9a-f]{40}$/.test(commit) && existsSync(this.snapshot(commit)) ? commit : null
  }

  /** Paths of the files of a commit that are here. */
  filesOf(commit: string): string[] {
    const folder = this.snapshot(commit)
    const found = readdirSync(folder, { recursive: true }).map(String)
    return found.filter(path => existsSync(join(folder, path)) && statSync(join(folder, path)).isFile())
  }

  keepRef(revision: string, commit: string): void {
    if (revision === commit) return
    const path = join(this.folder, 'refs', revision)
    mkdirSync(dirname(path), { recursive: true })
    writeWhole(path, commit)
  }

  /** Downloads a file unless it is here. What broke off goes on where it stopped. `onBytes` gets the size of each part. */
  async keep(
    client: HubClient,
    file: HubFile,
    { commit, onBytes }: { commit: string; onBytes: (bytes: number) => void },
  ): Promise<void> {
    const link = join(this.snapshot(commit), file.path)
    if (existsSync(link)) return onBytes(file.bytes)
    const blob = join(this.folder, 'blobs', file.digest.hex)
    mkdirSync(dirname(blob), { recursive: true })
    mkdirSync(dirname(link), { recursive: true })
    if (existsSync(blob)) onBytes(file.bytes)
    else await this.#download(client, file, { commit, blob, onBytes })
    rmSync(link, { force: true })
    symlinkSync(relative(dirname(link), blob), link)
  }

  async #download(
    client: HubClient,
    file: HubFile,
    { commit, blob, onBytes }: { commit: string; blob: string; onBytes: (bytes: number) => void },
  ): Promise<void> {
    const part = ownPart(blob)
    onBytes(sizeOf(part))
    for (let attempt = 1; sizeOf(part) < file.bytes || !existsSync(part); attempt++) {
      const start = sizeOf(part)
      try {
        const bytes = await client.bytesOf(this.#repo, { commit, path: file.path, start })
        await append(part, bytes, onBytes)
      } catch (cause) {
        if (cause instanceof RlevError) throw cause
        const isStuck = sizeOf(part) === start && attempt >= maxAttempts
        if (isStuck) throw new HubUnreachable(`${file.path} breaks off: ${String(cause)}`, { cause })
      }
      if (attempt >= maxAttempts * maxAttempts) throw new HubUnreachable(`${file.path} breaks off again and again`)
    }
    if ((await digestOf(part, file.digest.kind)) !== file.digest.hex) {
      rmSync(part)
      throw new HubUnreachable(`${file.path} is not what the hub says it is; it was thrown away`)
    }
    renameSync(part, blob)
  }
}

/** Each part is written before the next is asked for, so that after a break the size of the file is what has arrived. */
async function append(path: string, bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<void> {
  const file = await open(path, 'a')
  try {
    for await (const chunk of bytes) {
      await file.appendFile(chunk)
      onBytes(chunk.length)
    }
  } finally {
    await file.close()
  }
}

/** The name of this process's part of a blob. A part that an ended process left is taken over. */
function ownPart(blob: string): string {
  const own = `${blob}.${process.pid}.incomplete`
  const prefix = `${blob.slice(dirname(blob).length + 1)}.`
  const left = readdirSync(dirname(blob)).find(name => {
    const owner = name.startsWith(prefix) ? /\.(\d+)\.incomplete$/.exec(name)?.[1] : undefined
    return owner !== undefined && processStart(Number(owner)) === undefined
  })
  if (left !== undefined && !existsSync(own)) renameSync(join(dirname(blob), left), own)
  return own
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}

/** As git names a blob, or SHA-256. */
async function digestOf(path: string, kind: HubFile['digest']['kind']): Promise<string> {
  const hash = createHash(kind === 'git' ? 'sha1' : 'sha256')
  if (kind === 'git') hash.update(`blob ${sizeOf(path)}\0`)
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
