/** MLflow's limits, checked before sending: beyond some of them it answers 200 and stores something else. */
import { RlevError } from '../../pipelines/errors.js'
import type { Metric, Param, Tag } from './types.js'

/** Limits of one log-batch: metrics, params and tags together 1,000, params and tags 100 each, and 1 MB. */
export const batchLimits = { total: 1000, params: 100, tags: 100, bytes: 900_000 } as const

/** Letters and digits of every script, as Python's `\w` takes them in MLflow's own check. */
const nameForm = /^[/\p{L}\p{N}_.\- :]{1,250}$/u

/** Whether MLflow takes the name of a metric, param, tag or artifact. */
export function isName(name: string): boolean {
  return nameForm.test(name) && name.split('/').every(part => part !== '' && part !== '.' && part !== '..')
}

export function checkName(kind: 'metric' | 'param' | 'tag' | 'artifact', name: string): void {
  if (isName(name)) return
  throw invalid(
    `${kind} ${JSON.stringify(name)}`,
    'at most 250 letters, digits, _ - . : / and spaces, no //, no leading /',
    name,
  )
}

/** MLflow stores a step of 1.5 as 0. It takes NaN and infinities as strings. */
export function metricToJson({ key, value, timestamp, step }: Metric): object {
  checkName('metric', key)
  if (!Number.isSafeInteger(step)) throw invalid(`step of metric ${key}`, 'an integer', String(step))
  if (!Number.isSafeInteger(timestamp))
    throw invalid(`timestamp of metric ${key}`, 'integer milliseconds', String(timestamp))
  return { key, value: Number.isFinite(value) ? value : String(value), timestamp, step }
}

/** MLflow cuts a longer value off and answers 200. */
export function checkParam({ key, value }: Param): void {
  checkName('param', key)
  if (value.length > 6000) throw invalid(`param ${key}`, 'at most 6,000 characters', `${value.length}`)
}

export function checkTag({ key, value }: Tag): void {
  checkName('tag', key)
  if (value.length > 8000) throw invalid(`tag ${key}`, 'at most 8,000 characters', `${value.length}`)
}

/** Cuts a list into parts of at most `maxEntries` entries and `batchLimits.bytes` bytes of JSON. */
export function chunks<T>(list: readonly T[], maxEntries: number): T[][] {
  const parts: T[][] = []
  let bytes = 0
  for (const entry of list) {
    const size = JSON.stringify(entry).length + 1
    const last = parts.at(-1)
    if (last === undefined || last.length >= maxEntries || bytes + size > batchLimits.bytes) {
      parts.push([entry])
      bytes = size
    } else {
      last.push(entry)
      bytes += size
    }
  }
  return parts
}

function invalid(place: string, expected: string, found: string): RlevError {
  return new RlevError({ kind: 'CallInvalid', message: 'MLflow would not store this as it is', place, expected, found })
}
