/**
 * What a store holds and no manifest names. Marked is what checkpoints and referred outputs name; the rest is deleted once it is older than a
 * day by the store's clock. A push that takes up an old object makes it younger first (folders.ts), and each is looked at again right before
 * it is deleted.
 */
import type { Manifest } from '../folder.js'
import type { Facts, Objects } from '../objects/objects.js'
import { unseal } from '../sealed.js'
import type { ArtifactRef } from '../store.js'
import { graceMs } from './folders.js'
import { blobKey, blobsPrefix, runsPrefix, storedPrefix } from './keys.js'

export interface StoreGarbage {
  /** Objects that were deleted, or would be. */
  objects: number
  bytes: number
  /** Bytes that manifests name. */
  referredBytes: number
  /** Uploads that did not end. */
  uploads: number
}

/** `isOpen`: a run is not done, and may take every shared output. Throws ArtifactDamaged for a manifest that cannot be read. */
export async function collectGarbage(
  objects: Objects,
  { isOpen, dryRun, grace = graceMs }: { isOpen: boolean; dryRun: boolean; grace?: number },
): Promise<StoreGarbage> {
  const old = (await objects.now()) - grace
  const marked = new Set<string>()
  const garbage: StoreGarbage = { objects: 0, bytes: 0, referredBytes: 0, uploads: 0 }
  const mark = async (key: string) => {
    const found = await objects.get(key)
    if (found === null) return
    const { files } = unseal<Manifest<unknown>>(found.content, `${objects.address}/${key}`)
    for (const { sha256 } of Object.values(files)) marked.add(blobKey(sha256))
  }
  const remove = async ({ key, etag }: Facts) => {
    const there = await objects.facts(key)
    if (there === null || there.modified >= old) return
    if (!dryRun && !(await objects.deleteIfMatch(key, etag))) return
    garbage.objects++
    garbage.bytes += there.bytes
  }

  const referred = new Set<string>()
  for await (const { key } of objects.list(runsPrefix)) {
    if (/\/@checkpoints\/[^/]+$/.test(key)) await mark(key)
    if (!/\/@\/references\/[^/]+\.json$/.test(key)) continue
    const found = await objects.get(key)
    if (found === null) continue
    const { uri } = unseal<ArtifactRef>(found.content, `${objects.address}/${key}`)
    referred.add(uri.replace(/^store\//, storedPrefix))
  }
  for await (const facts of objects.list(storedPrefix)) {
    if (isOpen || referred.has(facts.key) || facts.modified >= old) await mark(facts.key)
    else await remove(facts)
  }
  for await (const facts of objects.list(blobsPrefix)) {
    if (marked.has(facts.key)) garbage.referredBytes += facts.bytes
    else if (facts.modified < old) await remove(facts)
  }
  if (!dryRun) garbage.uploads = await objects.dropUploads(old)
  return garbage
}
