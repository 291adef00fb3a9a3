/**
 * `rlev gc`: removes what nothing refers to: outputs of deleted runs, caches of evaluations that are done, and what crashes left behind.
 * It never removes what a run refers to, nor what a run that is not done may still take. Stages may work meanwhile: an output that is taken
 * between the look and the removal stays (activities/store/store.ts).
 */
import { renameSync, rmSync } from 'node:fs'
import { armFailPoints, failPoint, failPointVariable } from '../../activities/fail-points/fail-point.js'
import { isCode } from '../../activities/store/files.js'
import type { StoreGarbage } from '../../activities/store/mirror/garbage.js'
import { isHalfDeleted } from '../../activities/store/runs/deletion.js'
import { listRuns } from '../../activities/store/runs/runs.js'
import { temporaryBeside } from '../../activities/store/temporary-names.js'
import { given } from '../../pipelines/given.js'
import { printable } from '../../pipelines/printable.js'
import { layOutTable } from '../../pipelines/text/table.js'
import { sharedHome } from '../runs/shared-home.js'
import { withTemporal } from '../runs/with-run.js'
import { openHome } from '../services/home.js'
import { diskText } from '../text/format.js'
import { toJson } from '../text/json.js'
import { findGarbage, type Garbage, timeOf } from './garbage.js'
import { inUse } from './in-use.js'

export interface GcOptions {
  home?: string | undefined
  /** List what would be removed, and remove nothing. */
  dryRun?: boolean | undefined
  /** Also the stored answers of judges and of servers of verifiers. */
  answers?: boolean | undefined
  json?: boolean | undefined
}

interface Collected {
  home: string
  dryRun: boolean
  /** Of `dryRun`: would be. */
  removed: Pick<Garbage, 'place' | 'bytes' | 'why'>[]
  removedBytes: number
  kept: { place: string; bytes: number; why: string }[]
  referredBytes: number
  /** Of the object store, if there is one. */
  shared?: StoreGarbage
  /** Names of runs whose deletion was interrupted. */
  halfDeleted: string[]
}

export async function gc({ home: path, dryRun = false, answers = false, json = false }: GcOptions): Promise<void> {
  armFailPoints(process.env[failPointVariable])
  const home = openHome(path)
  const use = await withTemporal(home, temporal => inUse(home, temporal))
  const { garbage, kept, referredBytes } = findGarbage(home.path, use, { answers })
  const removed = dryRun ? garbage : garbage.filter(one => remove(one))
  const shared = await sharedHome(home.path)?.collectGarbage({ isOpen: use.open.length > 0, dryRun })
  const collected: Collected = {
    ...given({ shared }),
    home: home.path,
    dryRun,
    removed: removed.map(({ place, bytes, why }) => ({ place, bytes, why })),
    removedBytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
    kept,
    referredBytes,
    halfDeleted: listRuns(home.path).filter(name => isHalfDeleted(home.path, name)),
  }
  console.log(json ? toJson(collected) : printable(textOf(collected)))
}

/** False if a stage has taken it since it was found, or it has gone. */
function remove({ place, takenAt }: Garbage): boolean {
  const going = temporaryBeside(place)
  try {
    renameSync(place, going)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
  failPoint('gc.aside')
  // Without its name nobody can take it any more. One that was taken right before gets its name back, unless it is made again by now.
  if (timeOf(going) !== takenAt) {
    try {
      renameSync(going, place)
      return false
    } catch (error) {
      if (!isCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    }
  }
  rmSync(going, { recursive: true, force: true })
  failPoint('gc.after')
  return true
}

function textOf({ home, dryRun, removed, removedBytes, kept, referredBytes, shared, halfDeleted }: Collected): string {
  const rows = (list: readonly { place: string; bytes: number; why: string }[]) =>
    layOutTable({
      columns: [{ heading: 'size', align: 'right' }, { heading: 'place' }, { heading: 'why' }],
      rows: list.map(({ place, bytes, why }) => [diskText(bytes), inHome(home, place), why]),
    })
  const keptBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0)
  return [
    ...(removed.length === 0 ? [] : [...rows(removed), '']),
    removed.length === 0
      ? `nothing to remove in ${home}`
      : `${dryRun ? 'would remove' : 'removed'} ${removed.length}, ${diskText(removedBytes)}; runs refer to ${diskText(referredBytes)} of what is left`,
    ...(kept.length === 0 ? [] : ['', `kept although no run refers to it yet, ${diskText(keptBytes)}:`, ...rows(kept)]),
    ...(shared === undefined
      ? []
      : [
          `object store: ${dryRun ? 'would remove' : 'removed'} ${shared.objects} objects, ${diskText(shared.bytes)}; manifests name ${diskText(shared.referredBytes)}`,
        ]),
    ...halfDeleted.map(name => `${name} is half deleted: \`rlev delete ${name}\` completes the deletion`),
  ].join('\n')
}

function inHome(home: string, place: string): string {
  return place.startsWith(`${home}/`) ? place.slice(home.length + 1) : place
}
