/** The rows of a file of responses, for `rlev score`: each an item with a response to it. */
import { BadField, type Fields, isFields, kindOf, textOf } from '../../pipelines/data/files/fields.js'
import { rowsOf } from '../../pipelines/data/files/rows.js'
import { type Changes, type Mapping, over, plainMapping } from '../../pipelines/data/forms/mapping.js'
import { knownColumns } from '../../pipelines/data/forms/reading.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { shortened } from '../../pipelines/printable.js'
import { responseOfRow } from '../../pipelines/rewards/response-row.js'
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
  const ignored = against === undefined ? [] : [against]
  return {
    row,
    ...responseOfRow({ columns, mapping, fallbackId: `row-${row}`, extra, ignored }),
    ...given({ against: against === undefined ? undefined : creditIn(columns, against) }),
  }
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
