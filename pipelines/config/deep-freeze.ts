/** Deep freezing: a resolved config is the same object for every stage that reads it. */

/** The value itself, with everything reachable in it frozen. Plain data only: no cycles. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
