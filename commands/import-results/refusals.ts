/** What keeps commands that train, or tell a workflow something, from a run that was trained elsewhere. */
import { readElsewhere } from '../../activities/store/runs/elsewhere.js'
import { runFolder } from '../../activities/store/runs/run-folder.js'
import { RlevError } from '../../pipelines/errors.js'

/** `doing`: what there is nothing to do, as in `to train further`. @throws RlevError CallInvalid */
export function refuseTrainedElsewhere(home: string, name: string, doing: string): void {
  const elsewhere = readElsewhere(home, name)
  if (elsewhere === null) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${name} was trained elsewhere, so there is nothing here ${doing}`,
    place: runFolder(home, name),
    expected: 'a run that this home trains',
    found: `responses that ${elsewhere.trainer} made`,
    remedy: 'import further responses with `rlev import-results`, or train under another name with --name',
  })
}
