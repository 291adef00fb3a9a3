/** The config of a step, with what an adaptive schedule needs of the steps before, which are in the journal. */
import { isAdaptive, type KlBefore } from '../../pipelines/advantages/kl-schedule.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { configOfStep, klBeforeOf } from '../../pipelines/training/step-config.js'
import { divergenceOf } from '../../pipelines/training/training-metrics.js'
import type { Journal } from '../store/journal.js'

/** Throws ArtifactDamaged if neither the metrics nor the responses of the step before are in the journal. */
export function configAtStep(config: ExperimentConfig, step: number, journal: Journal): ExperimentConfig {
  return configOfStep(config, step, step === 1 || !isAdaptive(config) ? null : klOf(config, step - 1, journal))
}

/** Its metrics may have been damaged since: then the same numbers are computed from its responses. */
function klOf(config: ExperimentConfig, step: number, journal: Journal): KlBefore {
  const measured = klBeforeOf(journal.metrics(step)?.values ?? {}, config)
  if (measured !== null) return measured
  const rollout = journal.rollout(step)
  const divergence = rollout === null ? undefined : divergenceOf(rollout)?.[`kl/${config.kl.estimator}`]
  if (divergence !== undefined) {
    return { coefficient: configAtStep(config, step, journal).kl.coefficient, divergence }
  }
  throw new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the divergence of a step is lost, which the coefficient of the next step needs',
    place: `step ${step}`,
    expected: 'its metrics or its responses in the journal',
    found: 'neither',
    remedy: 'restore metrics/ or rollouts/ of the run from a copy, or start the experiment under another name',
  })
}
