/** The outcomes of a run's experiments, for comparison and report, with those of each test item if the store still has the items. */

import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import { type DataSummary, dataSummary } from '../../../pipelines/data/data-summary.js'
import type { Item } from '../../../pipelines/data/item.js'
import { RlevError } from '../../../pipelines/errors.js'
import { itemResults, type TestItem, testItems } from '../../../pipelines/evaluation/item-results.js'
import { predictedSignals } from '../../../pipelines/evaluation/predicted-transmission.js'
import { given } from '../../../pipelines/given.js'
import type { ItemValue } from '../../../pipelines/values/value.js'
import { readValues } from '../../normalize-values.js'
import { readData } from '../../prepare-data.js'
import { readReferences } from '../references.js'
import { Store } from '../store.js'
import { runFolder } from './run-folder.js'
import { experimentsOf, outcomeOf, readItemOutcomes, readPlan } from './runs.js'

/** The training and test items of an experiment. */
interface Exam {
  train: readonly Item[]
  values: readonly ItemValue[]
  test: readonly TestItem[]
  data: DataSummary
}

/** In the order in which a sweep starts its experiments. */
export function readOutcomes(home: string, name: string): ExperimentOutcome[] {
  const examOf = examsIn(home)
  return experimentsOf(readPlan(home, name)).map(experiment => {
    const { id } = experiment
    const outcome = outcomeOf(home, name, experiment)
    return { ...outcome, ...readByItem({ home, id, outcome, examOf }) }
  })
}

/** If a part is missing or damaged, the report is made from the rest and says so; `rlev verify` names the part. */
function readByItem({
  home,
  id,
  outcome: { evaluations, config },
  examOf,
}: {
  home: string
  id: string
  outcome: ExperimentOutcome
  examOf: (id: string) => Exam | null
}): Pick<ExperimentOutcome, 'items' | 'predictedTransmission' | 'itemsGone' | 'data'> {
  if (evaluations.length === 0) return {}
  try {
    const steps = evaluations.map(({ step }) => ({ step, outcomes: readItemOutcomes(home, id, step) }))
    const whole = steps.flatMap(({ step, outcomes }) => (outcomes === null ? [] : [{ step, outcomes }]))
    const exam = examOf(id)
    const data = given({ data: exam?.data })
    const items = exam === null || whole.length < steps.length ? null : itemResults(exam.test, whole)
    if (exam === null || items === null) return { ...data, itemsGone: true }
    const predictedTransmission = predictedSignals({ config, ...exam, evaluations: whole })
    return { ...data, items, ...given({ predictedTransmission: predictedTransmission ?? undefined }) }
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return { itemsGone: true }
    throw error
  }
}

/** Experiments with the same items share them in memory too. */
function examsIn(home: string): (id: string) => Exam | null {
  const store = new Store(home)
  const known = new Map<string, Exam>()
  return id => {
    const references = readReferences(runFolder(home, id))
    const [data, values] = [references.get('data'), references.get('values')]
    if (data === undefined || values === undefined) return null
    const key = `${data.sha256} ${values.sha256}`
    const there = known.get(key)
    if (there !== undefined) return there
    const dataset = readData(store, data)
    const { train, test } = dataset
    const stored = readValues(store, values)
    const made = { train, values: stored.train, test: testItems(test, stored.test), data: dataSummary(dataset) }
    known.set(key, made)
    return made
  }
}
