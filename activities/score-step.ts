/** The records of a step: journaled, or scored and journaled with the time that its metrics will carry. */
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import type { DataSet } from '../pipelines/data/item.js'
import { scoreResponses } from '../pipelines/rewards/score.js'
import type { Rollout } from '../pipelines/rollout/response.js'
import type { Journal, JournaledRecords } from './clients/journal.js'
import type { StoredValues } from './normalize-values.js'
import type { Workplace } from './workplace.js'

export function scoreStep({
  place,
  training: { config, data, rewardValues, journal },
  rollout,
}: {
  place: Workplace
  training: { config: ExperimentConfig; data: DataSet; rewardValues: StoredValues; journal: Journal }
  rollout: Rollout
}): JournaledRecords {
  const there = journal.records(rollout.step)
  if (there !== null) return there
  const records = scoreResponses({ rollout, items: data.train, values: rewardValues.train, config })
  // Records that were lost after their step was measured take its time again, so that no point is stamped twice.
  const time = journal.metrics(rollout.step)?.time ?? place.now()
  return journal.keepRecords(rollout.step, { time, records })
}
