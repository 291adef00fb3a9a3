/** What dynamic sampling does to the steps of an arm: how much it draws, and what its steps are no longer comparable in. */
import type { ExperimentConfig } from '../config/schema.js'
import type { PreflightFinding } from './planned-arm.js'

/** `items`: how many are trained on. */
export function samplingFindings(
  name: string,
  { rollout, steps }: ExperimentConfig,
  items: number,
): PreflightFinding[] {
  const { prompts, dynamicSampling } = rollout
  if (dynamicSampling == null || steps === 0) return []
  if (items <= prompts) {
    return [
      {
        severity: 'refuse',
        arm: name,
        sentence: `${name}: rollout.dynamicSampling finds no further prompts: a step has ${prompts} prompts, and there are ${items} items to train on. Lower rollout.prompts, or leave rollout.dynamicSampling out.`,
        numbers: { items, prompts },
      },
    ]
  }
  const most = prompts * (1 + dynamicSampling.rounds)
  return [
    {
      severity: 'note',
      arm: name,
      sentence: `${name}: dynamic sampling draws at most ${most} prompts for the ${prompts} of a step. Which ones stay depends on the policy, so arms of one seed no longer train on the same prompts. The transmission is that of the prompts that have a signal.`,
      numbers: { most, prompts },
    },
  ]
}
