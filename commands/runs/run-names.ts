/** Names of runs that a person gives: checked before they become a path or a workflow id, and the nearest known one offered. */
import { refuseHalfDeleted } from '../../activities/store/runs/deletion.js'
import { listRuns, noSuchRun } from '../../activities/store/runs/runs.js'
import { nameForm, nameWords } from '../../pipelines/config/names.js'
import { RlevError } from '../../pipelines/errors.js'
import { shortened } from '../../pipelines/printable.js'
import { nearestName } from '../../pipelines/text/nearest-name.js'

/** @throws RlevError CallInvalid for a name that could leave the folder of runs, or that a config could not have either. */
export function checkName(name: string): string {
  if (nameForm.test(name)) return name
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'this cannot be the name of a run',
    expected: nameWords,
    found: JSON.stringify(shortened(name, 200)),
    remedy: '`rlev status` lists the runs of this home',
  })
}

/**
 * The name, if the home has a run of it.
 * @throws RlevError CallInvalid for an impossible name or a run that is half deleted, NotFound for a name that no run has.
 */
export function knownRun(home: string, name: string): string {
  refuseHalfDeleted(home, runThere(home, name))
  return name
}

/** Like `knownRun`, also for a run that is half deleted. */
export function runThere(home: string, name: string): string {
  checkName(name)
  const known = listRuns(home)
  if (known.includes(name)) return name
  throw noSuchRun({ home, name, meant: nearestName(name, known) })
}
