/**
 * Responses that are too long, as in DAPO (Yu et al. 2025): the soft overlong punishment, and the mask of responses that were cut. The
 * paper has neither. The punishment is added after the value scale: it is for length, and length costs the same whatever the value of the
 * item is.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Finish } from '../rollout/response.js'

/** The config of a run that an older version started has no such section. */
export interface OverlongConfig {
  overlong?: ExperimentConfig['overlong']
  rollout: Pick<ExperimentConfig['rollout'], 'maxTokens'>
}

/**
 * What a response costs, at least 0:
 *
 *   0                                        up to maxTokens - buffer
 *   factor (length - (maxTokens - buffer)) / buffer   from there on, factor at maxTokens
 */
export function overlongPenalty(length: number, { overlong, rollout: { maxTokens } }: OverlongConfig): number {
  if (overlong == null || overlong.buffer === null) return 0
  const { buffer, factor } = overlong
  return (factor * Math.max(0, length - (maxTokens - buffer))) / buffer
}

/** Whether a response has no gradient. Without a finish, as in answers of older versions, one of maxTokens tokens counts as cut. */
export function isMasked(
  { length, finish }: { length: number; finish?: Finish | undefined },
  { overlong, rollout: { maxTokens } }: OverlongConfig,
): boolean {
  if (overlong?.mask !== true) return false
  return finish === undefined ? length >= maxTokens : finish === 'length'
}
