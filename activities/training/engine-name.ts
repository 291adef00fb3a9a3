/** What the policy of a config is computed on, for the provenance of a run. A server does not tell its version. */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { engineOfThisProcess } from '../machine/engine.js'

export function engineName({ engine }: Pick<ExperimentConfig, 'engine'>): string {
  return engine.kind === undefined ? engineOfThisProcess() : `a server of the Tinker API, ${engine.baseModel}`
}
