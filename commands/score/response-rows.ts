/** The rows of a file of responses, for `rlev score`: each an item with a response to it. */
import { BadField, type Fields, isFields, kindOf, textOf } from '../../pipelines/data/files/fields.js'
import { rowsOf } from '../../pipelines/data/files/rows.js'
import { forms } from '../../pipelines/data/forms/all-forms.js'
import { isFilled } from '../../pipelines/data/forms/columns.js'
import { draftOf } from '../../pipelines/data/forms/item-of-row.js'
import { type Changes, columnsOf, type Mapping, over, plainMapping } from '../../pipelines/data/forms/mapping.js'
import { knownColumns } from '../../pipelines/data/forms/reading.js'
import type { Item } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { shortened } from '../../pipelines/printable.js'
import type { ResponseToScore } from '../../pipelines/rewards/score-responses.js'

export interface ResponseRow extends ResponseToScore {
  /** From 1. */
  row: number
  /** The credit that the file itself gives, in [-1, 1]; absent without `--against`. */
  against?: number
}

/** Bad rows listed in an error. */
const maxListed = 20

/**
 * The rows of the file at `path`.
 * @param against the field of a mark that is compared with ours.
 * @throws RlevError DataInvalid that names every bad row, up to a limit.
 */
export async function responseRows({
  path,
  fields = {},
  against,
  extra = false,
}: {
  path: string
  /** Columns, as in `data.fields`. */
  fields?: Changes | undefined
  against?: string | undefined
  /** Whether items carry the fields that nothing else reads, as for a verifier of the user. */
  extra?: boolean
}): Promise<ResponseRow[]> {
  const rows: ResponseRow[] = []
  const bad: string[] = []
  for await (const { row, content } of rowsOf(path, { columns: knownColumns(fields) })) {
    try {
      if ('problem' in content) throw new BadField(content.problem)
      if (!isFields(content.value)) throw new BadField(`the row is ${kindOf(content.value)}, an object is expected`)
      rows.push(responseRow({ row, columns: content.value, mapping: over(plainMapping, fields), against, extra }))
    } catch (error) {
      if (!(error instanceof BadField)) throw error
      bad.push(`row ${row}: ${shortened(error.message, 200)}`)
    }
  }
  if (bad.length === 0 && rows.length > 0) return rows
  const total = bad.length + rows.length
  const more = bad.length > maxListed ? [`and ${bad.length - maxListed} more`] : []
  throw new RlevError({
    kind: 'DataInvalid',
    message: total === 0 ? 'the file has no rows' : `${bad.length} of ${total} rows cannot be scored`,
    place: path,
    expected:
      'in every row a response and an answer; points and total for the scale; choices and finish where they matter',
    found: total === 0 ? 'nothing' : [...bad.slice(0, maxListed), ...more].join('\n            '),
    remedy: 'correct the rows; `rlev score --help` shows one',
  })
}

function responseRow({
  row,
  columns,
  mapping,
  against,
  extra,
}: {
  row: number
  columns: Fields
  mapping: Mapping
  against: string | undefined
  extra: boolean
}): ResponseRow {
  const valued = [mapping.points, mapping.total].every(isIn(columns))
  const { item } = draftOf({
    // A verifier needs neither prompt nor points; an item has them.
    fields: { prompt: '-', ...columns },
    form: forms.plain,
    mapping: valued ? mapping : { ...mapping, points: 1, total: 1 },
    fallbackId: `row-${row}`,
    bonus: 'refuse',
    onPoints: () => {},
  })
  return {
    row,
    item: extra ? withExtra(item, { columns, mapping, against }) : item,
    response: { text: responseText(columns), finish: finishOf(columns) },
    value: valued ? item.points / item.total : null,
    ...given({ against: against === undefined ? undefined : creditIn(columns, against) }),
  }
}

/** The response and its mark are no part of the item. */
function withExtra(
  item: Item,
  { columns, mapping, against }: { columns: Fields; mapping: Mapping; against: string | undefined },
): Item {
  const used = new Set([...columnsOf(mapping), 'response', 'finish', ...(against === undefined ? [] : [against])])
  const others = Object.entries(columns).filter(([column]) => !used.has(column))
  return others.length === 0 ? item : { ...item, extra: Object.fromEntries(others) }
}

/** A number for all rows, a table, or a column that is filled. A sum needs every row of an exam once, which responses are not. */
function isIn(columns: Fields): (entry: Mapping['points']) => boolean {
  return entry => {
    if (typeof entry === 'string') return isFilled(columns, entry)
    return entry !== undefined && !(typeof entry === 'object' && 'sumOf' in entry)
  }
}

/** An empty response is one; a missing one is not. */
function responseText({ response }: Fields): string {
  if (typeof response === 'string') return response
  if (response === undefined || response === null) throw new BadField('no response (response)')
  throw new BadField(`the response is ${kindOf(response)}, text is expected`)
}

/** Also in the words of the responses.csv of a report. */
function finishOf({ finish }: Fields): 'stop' | 'length' {
  if (finish === undefined || finish === null || finish === '' || finish === 'stop' || finish === 'end') return 'stop'
  if (finish === 'length' || finish === 'cut') return 'length'
  throw new BadField(`finish is ${kindOf(finish)}; stop or length is expected, or end or cut`)
}

const creditOfWord: ReadonlyMap<string, number> = new Map([
  ['true', 1],
  ['correct', 1],
  ['right', 1],
  ['false', 0],
  ['wrong', 0],
  ['incorrect', 0],
])

/** A mark as people write one: true, "correct", 1, 0.5, -0.25. */
function creditIn(fields: Fields, key: string): number {
  const value = fields[key]
  const written = typeof value === 'boolean' ? String(value) : textOf(value)
  if (written === null || written === '') throw new BadField(`no mark to compare with (${key})`)
  const text = written.trim().toLowerCase()
  const credit = creditOfWord.get(text) ?? Number(text)
  if (credit >= -1 && credit <= 1) return credit
  throw new BadField(`${key} is ${kindOf(value)}; true, false, correct, wrong or a number from -1 to 1 is expected`)
}
