/** Where this checkout lies, and the parts that set-up made for it (scripts/setup writes the file that is read here). */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'

/** The compiled tree this file belongs to (`dist`), and the checkout above it. */
export const buildFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const projectFolder = join(buildFolder, '..')

export interface Parts {
  /** The cache that they were made in. */
  cache?: string
  /** The Temporal command-line program, which holds the dev server. */
  temporal?: { command: string; version?: string; source?: string }
  /** The `mlflow` program of the private virtual environment, and a database with its tables and no content. */
  mlflow?: { command: string; version?: string; emptyDatabase?: string }
  /** `libraryFolders` must be on the loader's path of a process that computes on a GPU; empty for the CPU kind. */
  tensorflow?: { kind: 'cpu' | 'gpu'; version: string; libraryFolders: string[] }
}

export const partsFile = (project = projectFolder): string => join(project, 'node_modules', '.rlev', 'parts.json')

/** The parts that set-up recorded; empty before the first set-up. */
export function readParts(project = projectFolder): Parts {
  const file = partsFile(project)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Parts) : {}
}

/**
 * The path of the program of one part.
 * @throws RlevError PartMissing if set-up has not made it, if it is gone since, or if this user may not read it.
 */
export function programOf(part: 'temporal' | 'mlflow', project = projectFolder): string {
  const { cache, [part]: { command } = {} } = readParts(project)
  const name = { temporal: 'the Temporal command-line program', mlflow: 'MLflow' }[part]
  const fault = command === undefined ? 'no record of it' : faultOf(command)
  if (command !== undefined && fault === null) return command
  const unreadable = fault?.startsWith('EACCES') ?? false
  const place = command ?? partsFile(project)
  throw new RlevError({
    kind: 'PartMissing',
    message: unreadable ? `this user may not read ${name}` : `${name} is not installed`,
    place,
    expected: `the path of ${name}, as set-up records it`,
    ...given({ found: fault ?? undefined }),
    remedy: unreadable
      ? `let the owner of the cache run \`chmod -R a+rX ${cache ?? dirname(place)}\`; or set RLEV_CACHE to a folder of your own and run \`npm run setup\``
      : 'run `npm run setup`, which fetches what is missing; `bin/rlev doctor` shows the state of each part',
  })
}

/** Why a recorded program cannot be used; null if it can. */
function faultOf(command: string): string | null {
  try {
    statSync(command)
    return null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return 'a record of a program that is no longer there'
    return error instanceof Error ? error.message : String(error)
  }
}

/** The digest of the sources that the compiled tree was made from; undefined where set-up did not make the tree. */
export function buildDigest(): string | undefined {
  const stamp = join(buildFolder, '.build-stamp')
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : undefined
}
