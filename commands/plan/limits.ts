/** What Temporal would refuse only when the run has begun: a config that is too large for a message. Told before anything is frozen. */
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'

/**
 * Of one config as JSON. Temporal takes 2 MiB in one message, and the workflow of a single experiment sends its config twice in one:
 * alone, and in the plan.
 */
export const mostConfigBytes = 1_000_000

/** @throws RlevError ConfigInvalid for the first config that is too large. `path`: of the file. */
export function refuseTooLarge(plan: Plan, path: string): void {
  const configs = plan.kind === 'experiment' ? [plan] : plan.arms
  for (const { name, config } of configs) {
    const bytes = Buffer.byteLength(JSON.stringify(config))
    if (bytes <= mostConfigBytes) continue
    const largest = Object.entries(config)
      .map(([key, value]) => ({ key, bytes: Buffer.byteLength(JSON.stringify(value) ?? '') }))
      .sort((a, b) => b.bytes - a.bytes)[0]
    throw new RlevError({
      kind: 'ConfigInvalid',
      message: plan.kind === 'sweep' ? `the config of the arm ${name} is too large` : 'the config is too large',
      place: path,
      expected: `at most ${mostConfigBytes} bytes as JSON`,
      found: `${bytes} bytes, ${largest?.bytes} of them under ${largest?.key}`,
      remedy: 'shorten its texts and lists',
    })
  }
}
