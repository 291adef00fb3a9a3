/** The records of a step: journaled, or scored and journaled with the time that its metrics will carry. */

import { itemsOf, scoreResponses } from '../pipelines/advantages/records.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import type { DataSet, Item } from '../pipelines/data/item.js'
import { type AskJudge, judgeResponses } from '../pipelines/rewards/judge/judge-responses.js'
import type { Verdict } from '../pipelines/rewards/record.js'
import type { Rollout } from '../pipelines/rollout/response.js'
import { askJudge } from './ask-judge.js'
import type { StoredValues } from './normalize-values.js'
import type { Journal, JournaledRecords } from './store/journal.js'
import type { Workplace } from './workplace.js'

interface Scoring {
  config: ExperimentConfig
  data: DataSet
  rewardValues: StoredValues
  journal: Journal
}

export async function scoreStep({
  place,
  training,
  rollout,
}: {
  place: Workplace
  training: Scoring
  rollout: Rollout
}): Promise<JournaledRecords> {
  const { config, data, rewardValues, journal } = training
  const there = journal.records(rollout.step)
  if (there !== null) return there
  const ask = askJudge(place, config, 'training')
  const verdicts = ask === undefined ? undefined : await judged(training, rollout, ask)
  const records = scoreResponses({ rollout, items: data.train, values: rewardValues.train, config, verdicts })
  // Records that were lost after their step was measured take its time again, so that no point is stamped twice.
  const time = journal.metrics(rollout.step)?.time ?? place.now()
  return journal.keepRecords(rollout.step, { time, records })
}

function judged({ config, data }: Scoring, rollout: Rollout, ask: AskJudge): Promise<Verdict[]> {
  const items = itemsOf(rollout, data.train)
  const responses = rollout.responses.map((response, index) => ({ response, item: items[index] as Item }))
  return judgeResponses({ responses, answer: config.reward.answer, ask })
}
