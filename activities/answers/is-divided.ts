/** Whether the answers of an evaluation are divided among workers, where other workers can have the policy of the step. */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { ArtifactRef } from '../store/store.js'

/** A start of fewer bytes is of a policy that answers a piece of the default size in less than seconds, for which an activity is much. */
const smallStart = 2 ** 25

export function isDivided({ evaluation, engine }: ExperimentConfig, start: ArtifactRef): boolean {
  return evaluation.piece !== undefined || paysUnasked(engine, start)
}

/** A policy of several threads has all cores of a machine: a second worker there would need its memory again, and gain no time. */
function paysUnasked(engine: ExperimentConfig['engine'], start: ArtifactRef): boolean {
  return start.bytes >= smallStart && engine.kind === undefined && (engine.threads ?? 1) === 1
}
