/** The frozen config of an experiment, for stages that compute: refused on a worker of another version than its run's. */
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { originalCode, refuseOtherCode } from './store/provenance.js'
import { readConfig } from './store/runs.js'
import type { Workplace } from './workplace.js'

/** @throws RlevError Drift */
export function runConfig({ home, code }: Workplace, run: string): ExperimentConfig {
  refuseOtherCode(home, run, code)
  return readConfig(home, run)
}

/** Stands among the inputs that address a shared output, so that no run takes up what another version made. */
export function runCode({ home, code }: Workplace, run: string): string {
  return originalCode(home, run, code)
}
