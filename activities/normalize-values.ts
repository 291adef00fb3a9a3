/** Stage: v = points / total of every item (eq. 2), with the statistics of the training values. */
import { join } from 'node:path'
import { normalizeValues as normalize } from '../pipelines/values/normalize.js'
import type { ItemValue, ValueStatistics } from '../pipelines/values/value.js'
import { failPoint } from './fail-points/fail-point.js'
import { readData } from './prepare-data.js'
import { stage } from './stage.js'
import { writeWhole } from './store/files.js'
import { keepReference } from './store/references.js'
import { experimentPaths, runFolder } from './store/runs/run-folder.js'
import { seal } from './store/sealed.js'
import type { ArtifactRef, Store } from './store/store.js'
import { runCode, runConfig, type Workplace } from './workplace.js'

export interface StoredValues {
  train: ItemValue[]
  test: ItemValue[]
  /** Of the training items. */
  statistics: ValueStatistics
}

export function normalizeValues(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: (input: { run: string; data: ArtifactRef }): Promise<ArtifactRef> => keepValues(workplace, input),
  })
}

/** The values of an experiment in the store, with its reference to them. Needs no activity. */
export async function keepValues(
  workplace: Workplace,
  { run, data }: { run: string; data: ArtifactRef },
): Promise<ArtifactRef> {
  const { home, store } = workplace
  const { reward, value } = runConfig(workplace, run)
  const settings = { alpha: reward.alpha, cap: reward.cap, bonus: value.bonus }
  const ref = await store.once({
    kind: 'values',
    from: { data: data.sha256, alpha: reward.alpha, cap: reward.cap, code: runCode(workplace, run) },
    fill: async folder => {
      const { train, test } = readData(store, data)
      const { values, statistics } = normalize(train, settings)
      const stored: StoredValues = { train: values, test: normalize(test, settings).values, statistics }
      writeWhole(join(folder, 'values.json'), JSON.stringify(stored))
    },
  })
  const statistics = seal(readValues(store, ref).statistics)
  failPoint('values.before')
  writeWhole(experimentPaths.values(runFolder(home, run)), statistics)
  failPoint('values.after')
  return keepReference(runFolder(home, run), 'values', ref)
}

export function readValues(store: Store, values: ArtifactRef): StoredValues {
  return store.json(values, 'values.json')
}
