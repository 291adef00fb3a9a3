/** Where this checkout lies, and the parts that set-up made for it (scripts/setup writes the file that is read here). */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RlevError } from '../../pipelines/errors.js'

/** The compiled tree this file belongs to (`dist`), and the checkout above it. */
export const buildFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const projectFolder = join(buildFolder, '..')

export interface Parts {
  /** The cache that they were made in. */
  cache?: string
  /** The Temporal command-line program, which holds the dev server. */
  temporal?: { command: string; version?: string; source?: string }
  /** The `mlflow` program of the private virtual environment. */
  mlflow?: { command: string; version?: string }
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
 * @throws RlevError PartMissing when set-up has not made it, or it has since gone.
 */
export function programOf(part: 'temporal' | 'mlflow', project = projectFolder): string {
  const command = readParts(project)[part]?.command
  const name = { temporal: 'the Temporal command-line program', mlflow: 'MLflow' }[part]
  if (command !== undefined && existsSync(command)) return command
  throw new RlevError({
    kind: 'PartMissing',
    message: `${name} is not installed`,
    place: command ?? partsFile(project),
    expected: `the path of ${name}, as set-up records it`,
    found: command === undefined ? 'no record of it' : 'a record of a program that is no longer there',
    remedy: 'run `npm run setup`, which fetches what is missing; `bin/rlev doctor` shows the state of each part',
  })
}

/** The digest of the sources that the compiled tree was made from; undefined where set-up did not make the tree. */
export function buildDigest(): string | undefined {
  const stamp = join(buildFolder, '.build-stamp')
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : undefined
}
