/** Every object of a run read and compared: with its digest, or with the file that it is the copy of. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { RlevError } from '../../../pipelines/errors.js'
import { readIfThere, sha256 } from '../files.js'
import type { Manifest } from '../folder.js'
import type { Objects } from '../objects/objects.js'
import { runFolder } from '../runs/run-folder.js'
import { unseal } from '../sealed.js'
import { blobKey, runPrefix, runsPrefix } from './keys.js'

export interface ExaminedObjects {
  objects: number
  bytes: number
  damages: { place: string; message: string; expected: string; found: string }[]
}

const rangeBytes = 16 * 2 ** 20

/** `stored`: keys of the manifests of shared outputs that it refers to. The folder has been pulled. */
export async function examineObjects(options: {
  home: string
  objects: Objects
  name: string
  stored: readonly string[]
}): Promise<ExaminedObjects> {
  const { home, objects, name, stored } = options
  const examined: ExaminedObjects = { objects: 0, bytes: 0, damages: [] }
  const damaged = (key: string, expected: string, found: string) => {
    const message = 'the object is not what was written'
    examined.damages.push({ place: `${objects.address}/${key}`, message, expected, found })
  }
  const blobs = new Map<string, { sha256: string; bytes: number }>()
  const manifest = async (key: string) => {
    const found = await objects.get(key)
    if (found === null) return damaged(key, 'a manifest', 'nothing')
    examined.objects++
    examined.bytes += found.content.length
    try {
      const { files } = unseal<Manifest<unknown>>(found.content, key)
      for (const file of Object.values(files)) blobs.set(blobKey(file.sha256), file)
    } catch (error) {
      if (!(error instanceof RlevError && error.kind === 'ArtifactDamaged')) throw error
      damaged(key, 'a sealed manifest', error.parts.found ?? error.message)
    }
  }

  for await (const { key } of objects.list(runPrefix(name))) {
    const path = localPathOf(home, key)
    if (path === null) {
      if (key.includes('/@checkpoints/')) await manifest(key)
      continue
    }
    const found = await objects.get(key)
    // Deleted since the list.
    if (found === null) continue
    examined.objects++
    examined.bytes += found.content.length
    const here = readIfThere(path)
    if (here !== null && !here.equals(found.content))
      damaged(key, `sha256 ${sha256(here)}, as ${path}`, `sha256 ${sha256(found.content)}`)
  }
  for (const key of stored) await manifest(key)
  for (const [key, file] of blobs) {
    const bytes = (await objects.facts(key))?.bytes ?? null
    const found = bytes === file.bytes ? await digestOfObject(objects, key, bytes) : null
    examined.objects++
    examined.bytes += file.bytes
    if (found === file.sha256) continue
    const words = bytes === null ? 'nothing' : found === null ? `${bytes} bytes` : `sha256 ${found}`
    damaged(key, `${file.bytes} bytes with sha256 ${file.sha256}`, words)
  }
  return examined
}

/** Null for the fence and for manifests, which are no copies of a file. */
function localPathOf(home: string, key: string): string | null {
  const [, id = '', rest = ''] = /^(.+?)\/@(.*)$/.exec(key.slice(runsPrefix.length)) ?? []
  if (rest === 'owner' || rest.startsWith('checkpoints/')) return null
  return join(runFolder(home, id), rest.replace(/^\//, ''))
}

async function digestOfObject(objects: Objects, key: string, bytes: number): Promise<string | null> {
  const hash = createHash('sha256')
  for (let start = 0; start < bytes; start += rangeBytes) {
    const piece = await objects.range(key, { start, end: Math.min(start + rangeBytes, bytes) })
    if (piece === null) return null
    hash.update(piece)
  }
  return hash.digest('hex')
}
