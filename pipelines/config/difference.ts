/** What differs between two configs, key by key: shown when a run of the same name had another config, and for the arms of a sweep. */
import { isDeepStrictEqual } from 'node:util'

export interface Difference {
  /** Keys joined by dots, for example `reward.alpha`. */
  path: string
  /** Undefined where the first has no such key. */
  a: unknown
  /** Undefined where the second has no such key. */
  b: unknown
}

/** Differing leaves in the order of the first config, then keys that only the second has. Lists are compared whole. */
export function configDifference(a: object, b: object): Difference[] {
  return differences(a, b, [])
}

function differences(a: unknown, b: unknown, path: readonly string[]): Difference[] {
  if (isMapping(a) && isMapping(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return keys.flatMap(key => differences(a[key], b[key], [...path, key]))
  }
  return isDeepStrictEqual(a, b) ? [] : [{ path: path.join('.'), a, b }]
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
