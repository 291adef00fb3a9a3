/** The data set of an experiment, from the synthetic exam or from files. */

import type { DataConfig, TransferSets } from '../config/schema.js'
import type { BonusRule } from '../config/sections/exam-files.js'
import { RlevError } from '../errors.js'
import { someOf } from '../text/examples.js'
import { readFiles } from './file-parts.js'
import { badRowLines } from './files/read-items.js'
import { type DataSet, type DataWarning, promptText } from './item.js'
import { syntheticItems } from './synthetic/items.js'
import { transferItems } from './transfer.js'

export interface PrepareOptions {
  seed: number
  transfer?: TransferSets | undefined
  bonus?: BonusRule
  /** Whether items of files carry the fields that nothing else reads, for a verifier of the user. */
  extra?: boolean
}

type FileData = Extract<DataConfig, { source: 'file' }>

/**
 * Training and test items. `seed` generates the training papers of a synthetic exam. Test items and the split of a file have
 * separate seeds, so all seeds of a sweep are tested on the same items. Throws DataInvalid with every bad row.
 */
export async function prepareData(
  config: DataConfig,
  { seed, transfer, bonus = 'refuse', extra = false }: PrepareOptions,
): Promise<DataSet> {
  const dataset = await trainAndTest(config, { seed, bonus, extra })
  if (transfer === undefined) return dataset
  const { items, warnings } = await transferItems(transfer, { extra })
  return { ...dataset, transfer: items, warnings: [...dataset.warnings, ...warnings] }
}

async function trainAndTest(
  config: DataConfig,
  { seed, ...rules }: { seed: number; bonus: BonusRule; extra: boolean },
): Promise<DataSet> {
  if (config.source === 'synthetic') return { ...syntheticItems({ ...config, seed }), skipped: [], warnings: [] }
  const dataset = await readFiles(config, rules)
  const { train, test, warnings } = dataset
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
      found: whyNone(dataset),
      remedy: `${dataset.skipped.length > 0 ? 'correct the rows that were skipped, or ' : ''}give data.test, or a file with items of two exams or more`,
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
  return { ...dataset, warnings: [...warnings, ...sharedQuestions(dataset, config)] }
}

/** Reasons of rows that were left out. */
const maxReasons = 5

/** How many items there are of how many exams, and why rows are not among them. */
function whyNone({ train, test, skipped }: DataSet): string {
  const items = [...train, ...test]
  const exams = new Set(items.map(({ exam }) => exam)).size
  const counted = `${train.length} training and ${test.length} test items, of ${exams} ${exams === 1 ? 'exam, which is not divided' : 'exams'}`
  const left = skipped.length === 0 ? '' : `; ${skipped.length} ${skipped.length === 1 ? 'row' : 'rows'} skipped:`
  return [`${counted}${left}`, ...badRowLines(skipped, maxReasons)].join('\n            ')
}

/** Limit for a data set from files. */
const maxSections = 200

/** The same question in a training exam and in a test exam measures what was trained. It may be meant, so it is a warning. */
function sharedQuestions({ train, test }: Pick<DataSet, 'train' | 'test'>, config: FileData): DataWarning[] {
  const trained = new Map(train.map(item => [promptText(item.prompt).trim(), item]))
  const shared = test.flatMap(item => {
    const own = trained.get(promptText(item.prompt).trim())
    return own === undefined ? [] : [`${item.id} of ${item.exam} is ${own.id} of ${own.exam}`]
  })
  if (shared.length === 0) return []
  return [
    {
      place: config.test ?? config.train,
      reason: `${shared.length} of ${test.length} test items ask a question that is trained on: ${someOf(shared)}`,
    },
  ]
}
