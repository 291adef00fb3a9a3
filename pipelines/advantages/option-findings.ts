/** What options of the update do to the value transmission that the preflight predicts, which is that of the advantages. */
import type { ExperimentConfig } from '../config/schema.js'
import { isAdaptive, isScheduled, plannedKlCoefficient } from './kl-schedule.js'
import type { PreflightFinding } from './planned-arm.js'

/** For an arm whose advantages carry values. */
export function optionFindings(name: string, config: ExperimentConfig): PreflightFinding[] {
  const { ppo, importanceCap, entropyCoefficient } = config.update
  const findings: PreflightFinding[] = []
  const note = (sentence: string, numbers: Readonly<Record<string, number>>) =>
    findings.push({ severity: 'note', arm: name, sentence: `${name}: ${sentence}`, numbers })
  if (ppo !== undefined && ppo !== null && ppo.minibatches * ppo.epochs > 1) {
    const updates = ppo.minibatches * ppo.epochs
    note(
      `the transmission is that of the advantages, before clipping. Of the ${updates} updates a step the first has it whole; how much clipping takes from valued prompts later is not predicted, and is measured as value/clipped_top and value/clipped_bottom.`,
      { updates },
    )
  }
  if (importanceCap !== undefined && importanceCap !== null) {
    note(
      'the transmission is that of the advantages, before importance weights. They are 1 where sampling and training agree; how far they do not is not predicted, and is measured as policy/importance_mean.',
      { importanceCap },
    )
  }
  if (entropyCoefficient !== undefined && entropyCoefficient !== null) {
    note(
      'the transmission is that of the advantages. The entropy in the loss pushes every response, whatever its advantage is; what the two together come to is not predicted.',
      { entropyCoefficient },
    )
  }
  if (config.kl.place === 'reward' && isScheduled(config)) {
    const coefficient = plannedKlCoefficient(config)
    note(
      isAdaptive(config)
        ? `the transmission is predicted with the first coefficient of the divergence, ${coefficient}; the later ones follow from what is measured, and are not predicted.`
        : `the transmission is predicted with the mean coefficient of the divergence over the run, ${coefficient.toPrecision(3)}; that of a single step is not predicted.`,
      { coefficient },
    )
  }
  return findings
}
