/**
 * Stage: some pieces of an evaluation, on any worker of the run's engine. It takes no fence and writes only into the store, where the first
 * of two equal pieces stays, so it may be made twice or at the same time.
 */
import type { Sampler } from '../../pipelines/sampling/sampler.js'
import { readData } from '../prepare-data.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from '../stage.js'
import { Checkpoints } from '../store/checkpoints.js'
import { claimEngine, originalKey } from '../store/runs/provenance.js'
import { runFolder } from '../store/runs/run-folder.js'
import { engineName } from '../training/engine-name.js'
import type { PolicyCache } from '../training/policy-cache.js'
import { runConfig, type Workplace } from '../workplace.js'
import type { Part } from './cut.js'
import { type AnsweredStep, Pieces } from './pieces.js'

export type PiecesInput = AnsweredStep & Part

/** Responses that are stored now; fewer than asked for if this worker cannot have the policy of the step. */
export interface AnsweredPieces {
  responses: number
}

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
      let policy: Sampler | null = null
      for (let piece = from; piece < to; piece++) {
        if ((await pieces.find(piece)) === null) {
          policy ??= await policies.samplerAt({ run, step, config, start: stages.start, experimentKey, checkpoints })
          const loaded = policy
          if (loaded === null) return { responses: pieces.responses(from, piece) }
          await pieces.make(piece, { policy: async () => loaded, hooks: pieces.within(hooks, { from, to, piece }) })
        }
        await throwIfCancelled()
      }
      return { responses: pieces.responses(from, to) }
    },
  })
}
