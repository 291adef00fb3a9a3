/**
 * `rlev resume NAME`: goes on with what was paused, crashed, failed or cancelled, and only that. A run that ended is started
 * again under its own id; what is done in it is passed by, since every stage finds its output in the store. So is one that
 * is done where MLflow did not get all of it. Code that has changed since the run began is refused, or allowed by
 * `--allow-drift`, which the run's tracking then says.
 */

import { readElsewhere } from '../activities/store/runs/elsewhere.js'
import { refuseTrainedElsewhere } from './import-results/refusals.js'
import { settleDrift } from './runs/drift.js'
import { goOn, unsoundExperiments } from './runs/go-on.js'
import { knownRun } from './runs/run-names.js'
import { lookAtRun } from './runs/run-status.js'
import { commandFor } from './runs/shell-command.js'
import { withTemporal } from './runs/with-run.js'
import { openHome } from './services/home.js'
import { ensureUp } from './services/up.js'

export interface ResumeOptions {
  home?: string | undefined
  name: string
  /** Go on with code that has changed since the run began. */
  allowDrift?: boolean | undefined
}

export async function resume({ home: path, name, allowDrift = false }: ResumeOptions): Promise<void> {
  const home = openHome(path)
  knownRun(home.path, name)
  const before = await withTemporal(home, temporal => lookAtRun(home, name, temporal))
  const whole = before.trackingFailure === undefined && unsoundExperiments(home, name).length === 0
  if (before.state === 'done' && (whole || readElsewhere(home.path, name) !== null))
    return console.log(`nothing to do: ${name} is done`)
  refuseTrainedElsewhere(home.path, name, 'to go on with')
  settleDrift({ home, view: before, allowed: allowDrift })
  await ensureUp(home)
  await withTemporal(home, async temporal => {
    if (temporal === undefined) throw new Error('the services are up, and no Temporal server is known')
    const view = await lookAtRun(home, name, temporal)
    // With its services up again it goes on by itself.
    const goesOn = view.otherVersion === undefined && (view.state === 'running' || view.state === 'waiting')
    const held = before.state === 'waiting' && goesOn
    console.log(
      `${held ? `${name} goes on` : await goOn({ home, view, temporal })}. To follow it: ${commandFor(home, 'watch', name)}`,
    )
  })
}
