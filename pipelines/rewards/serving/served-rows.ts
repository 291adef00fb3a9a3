/** The rows of a request as what is scored. Every bad row is told, each with its number, its field and what is expected. */
import type { ExperimentConfig } from '../../config/schema.js'
import { isOfUser } from '../../config/verifier-way.js'
import { BadField, type Fields, isFields, kindOf } from '../../data/files/fields.js'
import { isEmpty } from '../../data/forms/columns.js'
import { over, plainMapping } from '../../data/forms/mapping.js'
import { RlevError } from '../../errors.js'
import { shortened } from '../../printable.js'
import { responseOfRow } from '../response-row.js'
import { knownScale, type ResponseToScore } from '../score-responses.js'

export type Arm = Pick<ExperimentConfig, 'reward' | 'value'> & {
  /** The uniform scale of the arm; null for an arm with another scale. */
  uniform: number | null
}

export interface Request {
  /** One a row; throws BadField for a row that cannot be read. */
  rows: readonly (() => Fields)[]
  /** Whether a reward is needed for every row: a trainer cannot use null. */
  rewarded: boolean
}

/** Limit of rows in one request. */
export const maxRows = 10_000

/** Limit of a response, which bounds the time of a rule. (characters) */
export const maxResponseLength = 1_000_000

/** Bad rows listed in an error. */
const maxListed = 20

const mapping = over(plainMapping, { negative: 'negative' })

/** Throws DataInvalid that names every bad row, up to a limit. */
export function servedRows({ rows, rewarded }: Request, arm: Arm): ResponseToScore[] {
  if (rows.length > maxRows) {
    throw badRequest({
      message: 'the request has too many rows',
      expected: `at most ${maxRows} rows`,
      found: String(rows.length),
      remedy: 'send them in several requests',
    })
  }
  const bad: string[] = []
  const read = rows.flatMap((fieldsOf, index) => {
    try {
      return [servedRow(fieldsOf(), index + 1, { arm, rewarded })]
    } catch (error) {
      if (!(error instanceof BadField)) throw error
      bad.push(`row ${index + 1}: ${shortened(error.message, 300)}`)
      return []
    }
  })
  if (bad.length === 0) return read
  const more = bad.length > maxListed ? [`and ${bad.length - maxListed} more`] : []
  throw badRequest({
    message: `${bad.length} of ${rows.length} rows cannot be scored`,
    expected: 'in every row a response and an answer; points and total, or value, for the scale',
    found: [...bad.slice(0, maxListed), ...more].join('\n'),
    remedy: 'correct the rows (docs/serving.md); `rlev export` writes them',
  })
}

function servedRow(fields: Fields, row: number, { arm, rewarded }: { arm: Arm; rewarded: boolean }): ResponseToScore {
  const { reward, value: valueConfig, uniform } = arm
  // A column of null is a column without a value: tables have it in every row. A prompt may be empty here.
  const columns = Object.fromEntries(
    Object.entries(fields).filter(([column, value]) => value !== null && !(column === 'prompt' && isEmpty(value))),
  )
  const { response } = columns
  if (typeof response === 'string' && response.length > maxResponseLength) {
    throw new BadField(`the response has ${response.length} characters, at most ${maxResponseLength} are expected`)
  }
  const read = responseOfRow({
    columns,
    mapping,
    fallbackId: `row-${row}`,
    bonus: valueConfig.bonus,
    extra: isOfUser(reward),
    stated: true,
  })
  const scale = knownScale({ value: read.value, reward, mean: read.scale ?? uniform })
  if (scale === null && rewarded) {
    throw new BadField(`no points and total, and no value; the scale ${reward.scale} depends on them`)
  }
  if (scale !== null && read.scale !== undefined && Math.abs(scale - read.scale) > maxDifference) {
    throw new BadField(
      `the scale (scale) is ${read.scale}, and this server's is ${scale}: the row was exported with another config than the one served`,
    )
  }
  return read
}

/** Of a scale that was written as a decimal number. */
const maxDifference = 1e-9

/** The list under a key, or the list itself. Throws DataInvalid. */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw badRequest({
    message: `${what} is no list`,
    expected: 'a list',
    found: value === undefined ? 'nothing' : kindOf(value),
    remedy: 'docs/serving.md shows the request of each route',
  })
}

/** Throws DataInvalid. */
export function objectOf(value: unknown, what: string): Fields {
  if (isFields(value)) return value
  throw badRequest({
    message: `${what} is no object`,
    expected: 'an object',
    found: kindOf(value),
    remedy: 'docs/serving.md shows the request of each route',
  })
}

function badRequest(parts: { message: string; expected: string; found: string; remedy: string }): RlevError {
  return new RlevError({ kind: 'DataInvalid', ...parts })
}

/** The row itself. Throws BadField. */
export function fieldsOfRow(row: unknown): Fields {
  if (isFields(row)) return row
  throw new BadField(`the row is ${kindOf(row)}, an object is expected`)
}

/** A text of a row. Throws BadField. */
export function textField(value: unknown, column: string): string {
  if (typeof value === 'string') return value
  const found = value === undefined || value === null ? `no ${column}` : `the ${column} is ${kindOf(value)}`
  throw new BadField(`${found}; text is expected`)
}
