/** What the experiments of a run came to, for comparison and report: with what each test item got, where the store still has the items. */
import type { DataSet } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { type ItemResults, itemResults, type TestItem, testItems } from '../../pipelines/evaluation/item-results.js'
import type { ExperimentOutcome } from '../../pipelines/evaluation/outcome.js'
import type { ItemValue } from '../../pipelines/values/value.js'
import { readReferences } from './references.js'
import { runFolder } from './run-folder.js'
import { experimentsOf, readItemOutcomes, readOutcome, readPlan } from './runs.js'
import { Store } from './store.js'

/** In the order in which a sweep starts its experiments. */
export function readOutcomes(home: string, name: string): ExperimentOutcome[] {
  const itemsOf = testItemsOf(home)
  return experimentsOf(readPlan(home, name)).map(({ arm, seed, id }) => {
    const outcome = readOutcome(home, name, arm, seed)
    const items = readItemResults({ home, id, outcome, itemsOf })
    return items === null ? outcome : { ...outcome, items }
  })
}

/** Null where a part of it is gone or hurt: what is left still makes a report, and `rlev verify` tells. */
function readItemResults({
  home,
  id,
  outcome: { evaluations },
  itemsOf,
}: {
  home: string
  id: string
  outcome: ExperimentOutcome
  itemsOf: (id: string) => TestItem[] | null
}): ItemResults | null {
  try {
    const steps = evaluations.map(({ step }) => ({ step, outcomes: readItemOutcomes(home, id, step) }))
    const whole = steps.flatMap(({ step, outcomes }) => (outcomes === null ? [] : [{ step, outcomes }]))
    const items = whole.length === steps.length && steps.length > 0 ? itemsOf(id) : null
    return items === null ? null : itemResults(items, whole)
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return null
    throw error
  }
}

/** Experiments with the same items share them in memory too. */
function testItemsOf(home: string): (id: string) => TestItem[] | null {
  const store = new Store(home)
  const known = new Map<string, TestItem[]>()
  return id => {
    const references = readReferences(runFolder(home, id))
    const [data, values] = [references.get('data'), references.get('values')]
    if (data === undefined || values === undefined) return null
    const key = `${data.sha256} ${values.sha256}`
    const there = known.get(key)
    if (there !== undefined) return there
    const { test } = store.json<DataSet>(data, 'data.json')
    const made = testItems(test, store.json<{ test: ItemValue[] }>(values, 'values.json').test)
    known.set(key, made)
    return made
  }
}
