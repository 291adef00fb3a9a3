/** The data set of an experiment, from the synthetic exam or from files. */

import type { DataConfig, TransferSets } from '../config/schema.js'
import { RlevError } from '../errors.js'
import { badRowsError, placeOf, readItems } from './files/read-items.js'
import { type BadRow, type DataSet, type DataWarning, type Item, promptText } from './item.js'
import { splitByExam } from './split.js'
import { syntheticItems } from './synthetic/items.js'
import { transferItems } from './transfer.js'

type FileData = Extract<DataConfig, { source: 'file' }>

/**
 * Training and test items. `seed` generates the training papers of a synthetic exam. Test items and the split of a file have
 * separate seeds, so all seeds of a sweep are tested on the same items. Throws DataInvalid with every bad row.
 */
export async function prepareData(
  config: DataConfig,
  { seed, transfer }: { seed: number; transfer?: TransferSets | undefined },
): Promise<DataSet> {
  const dataset = await trainAndTest(config, { seed })
  if (transfer === undefined) return dataset
  const { items, warnings } = await transferItems(transfer)
  return { ...dataset, transfer: items, warnings: [...dataset.warnings, ...warnings] }
}

async function trainAndTest(config: DataConfig, { seed }: { seed: number }): Promise<DataSet> {
  if (config.source === 'synthetic') return { ...syntheticItems({ ...config, seed }), skipped: [], warnings: [] }
  const { train, test, skipped, warnings } = await readFiles(config)
  for (const [items, part] of [
    [train, 'training'],
    [test, 'test'],
  ] as const) {
    if (items.length > 0 || (part === 'training' && config.test === undefined && config.testShare === 1)) continue
    throw new RlevError({
      kind: 'DataInvalid',
      message: `there are no ${part} items`,
      place: config.test !== undefined && part === 'test' ? config.test : config.train,
      expected: 'usable rows of at least one exam for training and another one for testing',
      found: `${skipped.length} rows skipped, ${train.length} training and ${test.length} test items`,
      remedy: 'give data.test, or a file with items of two exams or more',
    })
  }
  const sections = new Set([...train, ...test].map(({ section }) => section)).size
  if (sections > maxSections) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the items have too many sections',
      place: config.train,
      expected: `at most ${maxSections}, because every evaluation reports the accuracy of each section`,
      found: `${sections} sections`,
      remedy: 'remove the field section, or use it for larger parts of the exam',
    })
  }
  return { train, test, skipped, warnings: [...warnings, ...sharedQuestions({ train, test }, config)] }
}

/** Limit for a data set from files. */
const maxSections = 200

async function readFiles({ train, test, form, onBadRow, testShare, splitSeed }: FileData): Promise<DataSet> {
  const training = await readItems({ path: train, form, idPrefix: 'row-' })
  const testing = test === undefined ? null : await readItems({ path: test, form, idPrefix: 'test-row-' })
  const separate = testing === null ? null : apart(training.items, testing.items, test ?? '')
  const bad = [...training.bad, ...(testing?.bad ?? []), ...(separate?.bad ?? [])]
  if (bad.length > 0 && onBadRow === 'stop') throw badRowsError(bad, training.rows + (testing?.rows ?? 0))
  const items = training.items.map(({ item }) => item)
  const warnings = [...training.warnings, ...(testing?.warnings ?? [])]
  if (separate === null) return { ...splitByExam(items, { testShare, seed: splitSeed }), skipped: bad, warnings }
  return { train: items, test: separate.items, skipped: bad, warnings }
}

/** The same question in a training exam and in a test exam measures what was trained. It may be meant, so it is a warning. */
function sharedQuestions({ train, test }: Pick<DataSet, 'train' | 'test'>, config: FileData): DataWarning[] {
  const trained = new Map(train.map(item => [promptText(item.prompt).trim(), item]))
  const shared = test.flatMap(item => {
    const own = trained.get(promptText(item.prompt).trim())
    return own === undefined ? [] : [`${item.id} of ${item.exam} is ${own.id} of ${own.exam}`]
  })
  if (shared.length === 0) return []
  const examples = `${shared.slice(0, 3).join('; ')}${shared.length > 3 ? '; ...' : ''}`
  return [
    {
      place: config.test ?? config.train,
      reason: `${shared.length} of ${test.length} test items ask a question that is trained on: ${examples}`,
    },
  ]
}

/** A test row is bad if its exam or id is among the training rows: it would test what was trained. */
function apart(
  training: readonly { item: Item; row: number }[],
  testing: readonly { item: Item; row: number }[],
  path: string,
): { items: Item[]; bad: BadRow[] } {
  const exams = new Map(training.map(({ item, row }) => [item.exam, row]))
  const ids = new Map(training.map(({ item, row }) => [item.id, row]))
  const items: Item[] = []
  const bad: BadRow[] = []
  for (const { item, row } of testing) {
    const place = placeOf(path, row)
    if (exams.has(item.exam)) {
      bad.push({ place, reason: `its exam ${item.exam} is in the training file too (row ${exams.get(item.exam)})` })
    } else if (ids.has(item.id)) {
      bad.push({ place, reason: `the id ${item.id} is that of row ${ids.get(item.id)} of the training file` })
    } else items.push(item)
  }
  return { items, bad }
}
