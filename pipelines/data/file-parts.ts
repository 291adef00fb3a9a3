/** The training and test items of data files, asked as `data.prompt` says. */
import type { DataConfig } from '../config/schema.js'
import type { BonusRule } from '../config/sections/exam-files.js'
import { badRowsError, type ItemsOfFile, readItems } from './files/read-items.js'
import { type Asked, asAsked, type Parts } from './forms/asked.js'
import { placeOf } from './forms/item-collector.js'
import { mappingWords } from './forms/mapping-words.js'
import type { BadRow, DataSet, FileReading, Item } from './item.js'
import { splitByExam } from './split.js'

type FileData = Extract<DataConfig, { source: 'file' }>

/** Throws DataInvalid with every bad row, unless they are skipped. */
export async function readFiles(
  config: FileData,
  { bonus, extra }: { bonus: BonusRule; extra: boolean },
): Promise<DataSet> {
  const { train, test, form, fields, onBadRow } = config
  const read = (path: string, idPrefix: string) => readItems({ path, form, fields, bonus, extra, idPrefix })
  const training = await read(train, 'row-')
  const testing = test === undefined ? null : await read(test, 'test-row-')
  const separate = testing === null ? null : apart(training.items, testing.items, test ?? '')
  const bad = [...training.bad, ...(testing?.bad ?? []), ...(separate?.bad ?? [])]
  if (bad.length > 0 && onBadRow === 'stop') throw badRowsError(bad, training.rows + (testing?.rows ?? 0))
  const parts = separate === null ? split(training.items, config) : { train: training.items, test: separate.items }
  return {
    ...asked(parts, config),
    skipped: bad,
    warnings: [...training.warnings, ...(testing?.warnings ?? [])],
    reading: [
      readingOf(train, training),
      ...(testing === null
        ? []
        : [readingOf(test ?? '', { ...testing, bad: [...testing.bad, ...(separate?.bad ?? [])] })]),
    ],
  }
}

function asked(
  parts: Parts<Asked>,
  { prompt, splitSeed, train }: FileData,
): Pick<DataSet, 'train' | 'test' | 'examples'> {
  if (prompt !== undefined) return asAsked(parts, { prompt, seed: splitSeed, place: train })
  const items = (part: readonly Asked[]) => part.map(({ item }) => item)
  return { train: items(parts.train), test: items(parts.test) }
}

function split(items: readonly Asked[], { testShare, splitSeed }: FileData): Parts<Asked> {
  const byId = new Map(items.map(one => [one.item.id, one]))
  const parts = splitByExam(
    items.map(({ item }) => item),
    { testShare, seed: splitSeed },
  )
  const back = (part: readonly Item[]) => part.flatMap(({ id }) => byId.get(id) ?? [])
  return { train: back(parts.train), test: back(parts.test) }
}

function readingOf(path: string, { rows, bad, form, mapping }: ItemsOfFile): FileReading {
  return { path, rows, bad: bad.length, form, mapping: mappingWords(form, mapping) }
}

/** A test row is bad if its exam or id is among the training rows: it would test what was trained. */
function apart(
  training: readonly (Asked & { row: number })[],
  testing: readonly (Asked & { row: number })[],
  path: string,
): { items: Asked[]; bad: BadRow[] } {
  const exams = new Map(training.map(({ item, row }) => [item.exam, row]))
  const ids = new Map(training.map(({ item, row }) => [item.id, row]))
  const items: Asked[] = []
  const bad: BadRow[] = []
  for (const { item, question, row } of testing) {
    const place = placeOf(path, row)
    if (exams.has(item.exam)) {
      bad.push({ place, reason: `its exam ${item.exam} is in the training file too (row ${exams.get(item.exam)})` })
    } else if (ids.has(item.id)) {
      bad.push({ place, reason: `the id ${item.id} is that of row ${ids.get(item.id)} of the training file` })
    } else items.push({ item, question })
  }
  return { items, bad }
}
