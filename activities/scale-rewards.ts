/** Stage: verdict, value, scale, reward and advantage of every response of one step, journaled. Needs no policy. */
import { RlevError } from '../pipelines/errors.js'
import { readValues } from './normalize-values.js'
import { readData } from './prepare-data.js'
import { currentAttempt, stage } from './stage.js'
import { Fence } from './store/fence.js'
import { Journal } from './store/journal.js'
import { originalKey } from './store/runs/provenance.js'
import { runFolder } from './store/runs/run-folder.js'
import { recordsOfStep } from './training/step-records.js'
import type { TrainingInput } from './training/training.js'
import { runConfig, type Workplace } from './workplace.js'

export interface ScaledRewards {
  /** Mean over the scored responses; null if there is none. */
  reward: number | null
  /** Responses that are not scored; null for a step that was trimmed from the journal. */
  unscored: number | null
}

export function scaleRewards(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ run, stages, step }: TrainingInput & { step: number }): Promise<ScaledRewards> => {
      const config = runConfig(workplace, run)
      const folder = runFolder(workplace.home, run)
      const journal = new Journal(
        folder,
        Fence.take(folder, currentAttempt()),
        originalKey(workplace.home, run, config),
      )
      const before = journal.trimmed(step)
      if (before !== null) return { reward: before.values['reward/mean'] ?? null, unscored: null }
      const rollout = journal.rollout(step)
      if (rollout === null) {
        throw new RlevError({
          kind: 'ArtifactDamaged',
          message: 'the responses of the step are not in the journal',
          place: `${run} step ${step}`,
          remedy: 'resume the run; the step is sampled again',
        })
      }
      const data = readData(workplace.store, stages.data)
      const rewardValues = readValues(workplace.store, stages.rewardValues)
      const { records } = await recordsOfStep({ workplace, training: { config, data, rewardValues, journal }, rollout })
      await journal.sync()
      const scored = records.filter(record => record.verdict !== 'unscored')
      const sum = scored.reduce((total, record) => total + record.reward, 0)
      return { reward: scored.length === 0 ? null : sum / scored.length, unscored: records.length - scored.length }
    },
  })
}
