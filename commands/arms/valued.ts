/** The items of an arm with what each is worth in it: read and valued as a run does. Predicted values are those of the arm's run. */
import { existsSync } from 'node:fs'
import type { StoredValues } from '../../activities/normalize-values.js'
import { readReferences } from '../../activities/store/references.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readConfig } from '../../activities/store/runs/runs.js'
import { Store } from '../../activities/store/store.js'
import { Marker } from '../../activities/verifiers/marker.js'
import { experimentKey } from '../../pipelines/config/digest.js'
import type { NamingPart } from '../../pipelines/config/hub-names.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { rewardableData } from '../../pipelines/rewards/references.js'
import { type ValuedSet, valuedSet } from '../../pipelines/rewards/serving/valued-items.js'
import { seenValues } from '../../pipelines/values/noise.js'
import { normalizeValues } from '../../pipelines/values/normalize.js'
import type { ItemValue } from '../../pipelines/values/value.js'
import type { ChosenArm } from './chosen.js'

export interface ValuedArm {
  data: DataSet
  train: ValuedSet
  test: ValuedSet
}

/** @throws RlevError DataInvalid, or NotFound if the values are predicted and the arm was not run. */
export async function valuedArm(arm: ChosenArm, home: string): Promise<ValuedArm> {
  const { config } = arm
  const { reward, value } = config
  const marker = new Marker()
  const data = await rewardableData(config, (responses, rules) => marker.mark(responses, rules)).finally(() =>
    marker.end(),
  )
  const settings = { alpha: reward.alpha, cap: reward.cap, bonus: value.bonus }
  const seen = seenBy(arm, home, normalizeValues(data.train, settings).values)
  // Evaluation always uses the true values.
  const tested = normalizeValues(data.test, settings).values
  return {
    data,
    train: valuedSet({ items: data.train, values: seen, trained: seen, reward }),
    test: valuedSet({ items: data.test, values: tested, trained: seen, reward }),
  }
}

/**
 * What an arm reads besides its data: predicted values are those of its run, whose config has the folder of the policy. Without such a run
 * there is nothing to compare the folder with.
 */
export function predictionReading({ id, config }: ChosenArm, home: string): readonly NamingPart[] {
  return config.value.ablation === 'predicted' && isKnown(home, id) ? ['policy'] : []
}

const isKnown = (home: string, id: string): boolean => existsSync(experimentPaths.config(runFolder(home, id)))

function seenBy(arm: ChosenArm, home: string, values: readonly ItemValue[]): readonly ItemValue[] {
  const { ablation, ...settings } = arm.config.value
  if (ablation !== 'predicted') return seenValues(values, { ...settings, ablation }, { seed: arm.config.seed })
  return predicted(arm, home, values)
}

/** The predictor is a stage of the arm's run, since it trains a policy. */
function predicted({ id, config }: ChosenArm, home: string, values: readonly ItemValue[]): readonly ItemValue[] {
  const folder = runFolder(home, id)
  const isThere = isKnown(home, id)
  const ref = isThere ? readReferences(folder).get('rewardValues') : undefined
  if (ref === undefined || experimentKey(readConfig(home, id)) !== experimentKey(config)) {
    throw new RlevError({
      kind: 'NotFound',
      message: `the values of ${id} are predicted by a policy, and this home has no prediction for this config`,
      place: home,
      expected: 'a run of the config that has come to its first step',
      found: isThere
        ? ref === undefined
          ? 'a run that has predicted nothing yet'
          : 'a run of another config'
        : 'no run',
      remedy: 'start it with `rlev run` or `rlev sweep`; it predicts the values before the first step',
    })
  }
  const stored = new Map(
    new Store(home).json<StoredValues>(ref, 'values.json').train.map(value => [value.itemId, value]),
  )
  return values.map(({ itemId }) => {
    const value = stored.get(itemId)
    if (value !== undefined) return value
    throw new RlevError({
      kind: 'DataInvalid',
      message: `the run ${id} has predicted no value of an item`,
      place: `item ${itemId}`,
      remedy: 'restore the data files of the run, or start another run with those that are there now',
    })
  })
}
