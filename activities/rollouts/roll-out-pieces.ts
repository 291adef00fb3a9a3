/**
 * Stage: some pieces of a step's rollout, on any worker of the run's engine. It takes no fence and writes only into the store, where the
 * first of two equal pieces stays, so it may be made twice or at the same time.
 */
import { type AnsweredPieces, makePart, type Part } from '../pieces/divided.js'
import { readData } from '../prepare-data.js'
import { stage, stageHooks, withFailPoint } from '../stage.js'
import { claimEngine } from '../store/runs/provenance.js'
import { engineName } from '../training/engine-name.js'
import type { PolicyCache } from '../training/policy-cache.js'
import { runConfig, type Workplace } from '../workplace.js'
import { dropUpTo } from './outdated.js'
import { type AnsweredPrompts, type Answering, RolloutPieces } from './rollout-pieces.js'

export type RolloutPiecesInput = AnsweredPrompts & Part

export function rollOutPieces(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: async ({ from, to, ...input }: RolloutPiecesInput): Promise<AnsweredPieces> => {
      const { run, stages, step, adapter } = input
      const config = runConfig(workplace, run)
      const engine = engineName(config)
      if (engine !== null) claimEngine(workplace.home, run, engine)
      // Of a home that machines share, earlier steps have gone with their rollouts. A copy of this machine still has what it made of them.
      if (workplace.mirror !== null) await dropUpTo(workplace.store, run, step - 1)
      const items = readData(workplace.store, stages.data).train
      const pieces = new RolloutPieces({ workplace, config, input, items })
      const note = `pieces ${from + 1}-${to} of ${pieces.count} of the rollout of step ${step}`
      return makePart(pieces, {
        part: { from, to },
        hooks: withFailPoint('rollout.tick', stageHooks(note)),
        open: async (): Promise<Answering | null> => {
          const policy = await policies.samplerWith({ run, step: step - 1, config, start: stages.start, adapter })
          return policy === null ? null : { policy, ...(await policies.measuring(stages.start, config)) }
        },
      })
    },
  })
}
