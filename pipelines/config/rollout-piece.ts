/** Whether the rollout of a step is made in pieces, which workers divide among themselves. */
import { engineKind } from './engine-kinds.js'
import type { ExperimentConfig } from './schema.js'

/**
 * Prompts of a piece; null if a rollout is made whole: without the option, where a step would have one piece, and where other workers
 * cannot have the policy of each step (all its weights, a server) or one has to see all responses (dynamic sampling).
 */
export function rolloutPiece({ rollout, update, engine }: ExperimentConfig): number | null {
  const { piece, prompts, dynamicSampling } = rollout
  if (piece === undefined || piece >= prompts || dynamicSampling !== null) return null
  return update.adapter !== null && engineKind(engine) === 'local' ? piece : null
}
