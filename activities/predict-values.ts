/** Stage: the values that the arm's reward sees if a score predictor gives them. Shared by arms with the same seed and settings. */
import { join } from 'node:path'
import { predictValues as predict } from '../pipelines/training/predict-values.js'
import type { PredictionQuality } from '../pipelines/values/predictor/quality.js'
import { readValues, type StoredValues } from './normalize-values.js'
import { readData } from './prepare-data.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from './stage.js'
import { writeWhole } from './store/files.js'
import { keepReference } from './store/references.js'
import { experimentPaths, runFolder } from './store/runs/run-folder.js'
import { seal } from './store/sealed.js'
import type { ArtifactRef } from './store/store.js'
import type { PolicyCache } from './training/policy-cache.js'
import { supervisedStates } from './training/supervised-states.js'
import type { StageOutputs } from './training/training.js'
import { runCode, runConfig, type Workplace } from './workplace.js'

export type PredictValuesInput = { run: string } & Pick<StageOutputs, 'data' | 'values' | 'start'>

export function predictValues(workplace: Workplace, policies: PolicyCache) {
  const { home, store } = workplace
  return stage({
    heartbeat: 'ticks',
    run: async ({ run, data, values, start }: PredictValuesInput): Promise<ArtifactRef> => {
      const config = runConfig(workplace, run)
      const { engine, evaluation, policy, seed, update, value } = config
      const { adapter, microBatch, tokenBudget } = update
      // The batches decide how sums are rounded.
      const from = {
        data: data.sha256,
        values: values.sha256,
        start: start.sha256,
        predictor: value.predictor,
        instructed: policy.from,
        update: { adapter, microBatch, tokenBudget },
        chunk: evaluation.chunk,
        seed,
        engine,
        code: runCode(workplace, run),
      }
      const states = supervisedStates({ workplace, run, config, kind: 'predictor-state', from })
      const ref = await store.once({
        kind: 'predicted-values',
        from,
        fill: async folder => {
          const stored = readValues(store, values)
          const predicted = await predict({
            config,
            items: readData(store, data).train,
            values: stored.train,
            open: () => policies.local.atStart(config, start),
            kept: { states, reopen: state => policies.local.atStart(config, start, state) },
            hooks: withFailPoint('predictor.tick', stageHooks('score predictor')),
          })
          const seen: StoredValues = { ...stored, train: predicted.values }
          writeWhole(join(folder, 'values.json'), JSON.stringify(seen))
          writeWhole(join(folder, 'quality.json'), JSON.stringify(predicted.quality))
          await throwIfCancelled()
        },
      })
      states.removeAll()
      const quality = store.json<PredictionQuality>(ref, 'quality.json')
      writeWhole(experimentPaths.predictor(runFolder(home, run)), seal(quality))
      return keepReference(runFolder(home, run), 'rewardValues', ref)
    },
  })
}
