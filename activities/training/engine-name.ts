/** What the policy of a config is computed on, for the provenance of a run. */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { engineOfThisProcess } from '../machine/engine.js'

/** Null for a server, which has a name once it was probed (tinker/policy/probed-way.ts). */
export function engineName({ engine }: Pick<ExperimentConfig, 'engine'>): string | null {
  return engine.kind === undefined ? engineOfThisProcess() : null
}
