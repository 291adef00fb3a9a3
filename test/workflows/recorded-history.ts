/**
 * Reads a recorded history, the JSON that `temporal workflow show --output json` prints. The SDK's own reader needs one copy
 * of protobufjs under all of its packages, which npm does not promise: it compares classes of two copies and fails.
 */
import { readFileSync } from 'node:fs'
import proto, { type temporal } from '@temporalio/proto'

export interface Recorded {
  workflowId: string
  history: temporal.api.history.v1.IHistory
}

export function readRecorded(path: string): Recorded {
  const { workflowId, history } = JSON.parse(readFileSync(path, 'utf8')) as { workflowId: string; history: object }
  return { workflowId, history: proto.temporal.api.history.v1.History.fromObject(withTimes(history) as object) }
}

/** Protobuf's JSON writes timestamps and durations as text; everything else `fromObject` understands. */
function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withTimes(inner)]))
  }
  if (typeof value !== 'string') return value
  const timestamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(value)
  if (timestamp !== null) return { seconds: Date.parse(`${timestamp[1]}Z`) / 1000, nanos: nanos(timestamp[2]) }
  const duration = /^(\d+)(?:\.(\d+))?s$/.exec(value)
  return duration === null ? value : { seconds: Number(duration[1]), nanos: nanos(duration[2]) }
}

function nanos(fraction = ''): number {
  return Number(fraction.padEnd(9, '0'))
}
