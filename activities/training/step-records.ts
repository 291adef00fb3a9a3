/** The records of a step: read from the journal, or made and journaled with the time that the step's metrics carry. */
import { recordsOf } from '../../pipelines/advantages/records.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { DataSet, Item } from '../../pipelines/data/item.js'
import { itemsOf } from '../../pipelines/rewards/reward.js'
import type { Rollout } from '../../pipelines/rollout/response.js'
import type { StoredValues } from '../normalize-values.js'
import type { Journal, JournaledRecords } from '../store/journal.js'
import { markWith } from '../verifiers/mark-with.js'
import type { Workplace } from '../workplace.js'
import { configAtStep } from './step-config.js'

interface StepInputs {
  /** Of the experiment. */
  config: ExperimentConfig
  data: DataSet
  rewardValues: StoredValues
  journal: Journal
}

export async function recordsOfStep({
  workplace,
  training,
  rollout,
}: {
  workplace: Workplace
  training: StepInputs
  rollout: Rollout
}): Promise<JournaledRecords> {
  const { data, rewardValues, journal } = training
  const there = journal.records(rollout.step)
  if (there !== null) return there
  const config = configAtStep(training.config, rollout.step, journal)
  const items = itemsOf(rollout, data.train)
  const responses = rollout.responses.map((response, index) => ({ response, item: items[index] as Item }))
  const marks = await markWith(workplace, config, 'training')(responses, config.reward)
  const records = recordsOf({ rollout, items: data.train, values: rewardValues.train, config, marks })
  // Records that were lost after their step was measured take its time again, so that no point is stamped twice.
  const time = journal.metrics(rollout.step)?.time ?? workplace.now()
  return journal.keepRecords(rollout.step, { time, records })
}
