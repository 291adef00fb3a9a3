/** What every command about a run begins with: its home, the name checked, and the Temporal server if one is known. */
import { RlevError } from '../../pipelines/errors.js'
import { refuseTrainedElsewhere } from '../import-results/refusals.js'
import { type Home, openHome } from '../services/home.js'
import { externalTemporal } from '../services/temporal.js'
import { knownRun } from './run-names.js'
import { lookAtRun } from './run-status.js'
import type { RunView } from './run-view.js'
import { TemporalRuns } from './temporal-runs.js'

/** `temporal` is undefined where no server is known: before the first `up`, or after `down`. */
export async function withTemporal<Result>(
  home: Home,
  work: (temporal: TemporalRuns | undefined) => Promise<Result>,
): Promise<Result> {
  const service = externalTemporal() ?? home.services?.temporal
  if (service === undefined) return work(undefined)
  const temporal = new TemporalRuns(service, home)
  try {
    return await work(temporal)
  } finally {
    await temporal.close()
  }
}

/**
 * A look at one run, by name.
 * @throws RlevError CallInvalid or NotFound where the home has no such run.
 */
export function lookAt(home: Home, name: string): Promise<RunView> {
  knownRun(home.path, name)
  return withTemporal(home, temporal => lookAtRun(home, name, temporal))
}

/**
 * For commands that tell a workflow something.
 * @throws RlevError ServiceUnavailable where no server is known, besides what `lookAt` throws.
 */
export async function withRun<Result>(
  options: { home: string | undefined; name: string },
  work: (run: { home: Home; view: RunView; temporal: TemporalRuns }) => Promise<Result>,
): Promise<Result> {
  const home = openHome(options.home)
  knownRun(home.path, options.name)
  refuseTrainedElsewhere(home.path, options.name, 'at work')
  return withTemporal(home, async temporal => {
    const view = await lookAtRun(home, options.name, temporal)
    if (temporal === undefined || view.serverAway) throw notUp(home)
    return work({ home, view, temporal })
  })
}

function notUp(home: Home): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the Temporal server does not answer, so nothing can be told to the run',
    place: externalTemporal()?.address ?? home.path,
    remedy:
      externalTemporal() === undefined
        ? '`rlev up` starts the services'
        : 'wait for the server that TEMPORAL_ADDRESS names, or correct the address',
  })
}
