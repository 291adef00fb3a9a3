/** Stage: the values that the arm's reward sees, except predicted ones (predict-values.ts). Evaluation never reads them. */
import { join } from 'node:path'
import { seenValues } from '../pipelines/values/noise.js'
import { readValues, type StoredValues } from './normalize-values.js'
import { stage } from './stage.js'
import { writeWhole } from './store/files.js'
import { keepReference } from './store/references.js'
import { runFolder } from './store/runs/run-folder.js'
import type { ArtifactRef } from './store/store.js'
import { runCode, runConfig, type Workplace } from './workplace.js'

export function ablateValues(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ run, values }: { run: string; values: ArtifactRef }): Promise<ArtifactRef> => {
      return keepReference(runFolder(workplace.home, run), 'rewardValues', await ablated(workplace, run, values))
    },
  })
}

async function ablated(workplace: Workplace, run: string, values: ArtifactRef): Promise<ArtifactRef> {
  const { store } = workplace
  const { value, seed } = runConfig(workplace, run)
  if (value.ablation === 'none') return values
  const { ablation, noise, weakLabels } = value
  if (ablation === 'predicted') throw new TypeError('predicted values need the policy: predictValues makes them')
  return store.once({
    kind: 'reward-values',
    from: { values: values.sha256, ablation, noise, weakLabels, seed, code: runCode(workplace, run) },
    fill: async folder => {
      const stored = readValues(store, values)
      const seen: StoredValues = {
        ...stored,
        train: seenValues(stored.train, { ablation, noise, weakLabels }, { seed }),
      }
      writeWhole(join(folder, 'values.json'), JSON.stringify(seen))
    },
  })
}
