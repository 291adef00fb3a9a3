/**
 * Stage: some pieces of an evaluation, on any worker of the run's engine. It takes no fence and writes only into the store, where the first
 * of two equal pieces stays, so it may be made twice or at the same time.
 */
import { type AnsweredPieces, makePart, type Part } from '../pieces/divided.js'
import { readData } from '../prepare-data.js'
import { stage, stageHooks, withFailPoint } from '../stage.js'
import { Checkpoints } from '../store/checkpoints.js'
import { claimEngine, originalKey } from '../store/runs/provenance.js'
import { runFolder } from '../store/runs/run-folder.js'
import { engineName } from '../training/engine-name.js'
import type { PolicyCache } from '../training/policy-cache.js'
import { runConfig, type Workplace } from '../workplace.js'
import { type AnsweredStep, Pieces } from './pieces.js'

export type PiecesInput = AnsweredStep & Part

export function answerPieces(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: async ({ from, to, ...input }: PiecesInput): Promise<AnsweredPieces> => {
      const { run, stages, step } = input
      const config = runConfig(workplace, run)
      const engine = engineName(config)
      if (engine !== null) claimEngine(workplace.home, run, engine)
      const experimentKey = originalKey(workplace.home, run, config)
      const checkpoints = new Checkpoints(runFolder(workplace.home, run), experimentKey)
      const items = readData(workplace.store, stages.data).test
      const pieces = new Pieces({ workplace, config, input, items })
      const hooks = withFailPoint(
        'evaluation.tick',
        stageHooks(`pieces ${from + 1}-${to} of ${pieces.count} at step ${step}`),
      )
      const open = () => policies.samplerAt({ run, step, config, start: stages.start, experimentKey, checkpoints })
      return makePart(pieces, { part: { from, to }, open, hooks })
    },
  })
}
