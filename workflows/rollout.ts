/** The rollout of a step: one activity, or with `rollout.piece` one for each of its pieces, and one that takes them together (divided.ts). */
import type { RolledOut } from '../activities/roll-out.js'
import type { RolloutCut } from '../activities/rollouts/rollout-pieces.js'
import type { TrainingInput } from '../activities/training/training.js'
import { rolloutPiece } from '../pipelines/config/rollout-piece.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { divided, partText } from './divided.js'
import type { ExperimentView } from './experiment-view.js'
import type { PolicyWorker } from './policy-worker.js'

interface RollingOut {
  policy: PolicyWorker
  view: ExperimentView
  config: ExperimentConfig
}

/** When it ends, the rollout is journaled. */
export function rolloutOf(
  input: TrainingInput & { step: number },
  { policy, view, config }: RollingOut,
): Promise<RolledOut> {
  const summary = `step ${input.step}: rollout`
  if (rolloutPiece(config) === null) {
    return policy.run('rollOut', input, { summary, more: true }) as Promise<RolledOut>
  }
  return divided<RolledOut, RolloutCut>({
    ...{ mayBeCut: true, view },
    // When it is cut, the worker of the experiment becomes one of those that take any piece.
    ask: spread => policy.run('rollOut', { ...input, spread }, { summary, more: !spread }),
    make: (part, { adapter }) =>
      policy.anywhere('rollOutPieces', { ...input, adapter, ...part }, `${summary}, ${partText(part)}`),
  })
}
