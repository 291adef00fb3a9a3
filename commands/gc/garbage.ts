/** What a home holds and nothing refers to, with its size. Finds only; see remove.ts. */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bytesUnder } from '../../activities/store/disk-use.js'
import { isCode, namesIn } from '../../activities/store/files.js'
import { readManifest } from '../../activities/store/folder.js'
import { temporaryPrefix } from '../../activities/store/temporary-names.js'
import { RlevError } from '../../pipelines/errors.js'
import { standingOf } from '../doctor/leftovers.js'
import type { InUse } from './in-use.js'

export interface Garbage {
  place: string
  bytes: number
  /** Why nothing needs it. */
  why: string
  /** Time of the folder when it was found, in ms: a stage that takes the output meanwhile changes it. */
  takenAt: number
}

export interface Found {
  garbage: Garbage[]
  /** Bytes that a run refers to. */
  referredBytes: number
  /** Outputs that nothing refers to yet, and that stay: a run that is not done may take them, or something was done with them a moment ago. */
  kept: { place: string; bytes: number; why: string }[]
}

/** Folders of the store with answers of servers, which no run refers to and every run may take (activities/asking/kept-answers.ts). */
const answerFolders: readonly string[] = ['verdicts', 'marks']

/** Milliseconds. A stage notes its reference moments after it has taken an output. */
const momentMs = 10 * 60_000

/** `answers`: stored answers of judges and servers of verifiers are garbage too. */
export function findGarbage(home: string, use: InUse, { answers }: { answers: boolean }): Found {
  const found: Found = { garbage: [], referredBytes: 0, kept: [] }
  const store = join(home, 'store')
  for (const kind of namesIn(store)) {
    if (answerFolders.includes(kind)) {
      if (answers) sort(found, join(store, kind), whyAnswersStay(use), 'stored answers, which would be asked for again')
      continue
    }
    for (const name of namesIn(join(store, kind))) {
      const place = join(store, kind, name)
      if (isSetAside(name)) continue
      if (use.referred.has(place)) found.referredBytes += bytesUnder(place)
      else sort(found, place, whyItStays(place, use), `no run refers to this output (${kind})`)
    }
  }
  for (const folder of ['runs', 'store']) found.garbage.push(...leftovers(join(home, folder)))
  return found
}

function sort(found: Found, place: string, stays: string | null, why: string): void {
  const bytes = bytesUnder(place)
  if (stays !== null) found.kept.push({ place, bytes, why: stays })
  else found.garbage.push({ place, bytes, why, takenAt: timeOf(place) })
}

/** Null if nothing keeps it. */
function whyItStays(place: string, { open, code }: InUse): string | null {
  if (Date.now() - timeOf(place) < momentMs) return 'it was made or taken less than 10 minutes ago'
  if (open.length === 0) return null
  const madeBy = codeThatMade(place)
  // What no code is said of is the same for every version: checkpoints and verifiers.
  if (madeBy !== null && !code.has(madeBy)) return null
  return `${open.length === 1 ? `${open[0]} is` : `${open.length} runs are`} not done and may take it`
}

function whyAnswersStay({ open }: InUse): string | null {
  return open.length === 0 ? null : `${open.length === 1 ? open[0] : `${open.length} runs`} may ask for them`
}

function codeThatMade(place: string): string | null {
  try {
    const from = readManifest<{ from: Record<string, unknown> }>(place)?.about.from
    return typeof from?.['code'] === 'string' ? from['code'] : null
  } catch (error) {
    // Damaged: no run can take it, but what it was is not known.
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return null
    throw error
  }
}

/** Under temporary names of makers that are dead, and what was set aside as damaged; at any depth. */
function leftovers(folder: string): Garbage[] {
  return entriesOf(folder).flatMap((entry): Garbage[] => {
    const place = join(folder, entry.name)
    const facts = () => ({ place, bytes: bytesUnder(place), takenAt: timeOf(place) })
    if (entry.name.startsWith(temporaryPrefix)) {
      if (standingOf(place) !== 'left') return []
      return [{ ...facts(), why: 'unfinished, or half deleted, by a process that has ended' }]
    }
    if (isSetAside(entry.name)) return [{ ...facts(), why: 'set aside as damaged; nothing reads it' }]
    return entry.isDirectory() ? leftovers(place) : []
  })
}

const isSetAside = (name: string): boolean => /\.damaged-\d+$/.test(name)

export function timeOf(place: string): number {
  return lstatSync(place, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []
    throw error
  }
}
