/** Sets of real numbers as intervals in order, so that two ways to write one set compare equal: `[0,1] \cup (1,2)` is `[0,2)`. */
import { type Decision, realNumber } from './equality.js'
import { type Expression, infinity, minusInfinity } from './expression.js'
import type { Answer, Bounds } from './structure.js'

/** Null for an answer that is no set of numbers. A pair in parentheses is an open interval. */
export function regionOf(answer: Answer): Bounds[] | null {
  switch (answer.kind) {
    case 'interval':
      return [answer]
    case 'tuple': {
      const [low, high] = answer.items
      if (!answer.round || answer.items.length !== 2 || low?.kind !== 'value' || high?.kind !== 'value') return null
      return [{ low: low.expression, high: high.expression, openLow: true, openHigh: true }]
    }
    case 'set':
      return allOf(
        answer.items.map(item =>
          item.kind === 'value'
            ? [pointOf(item.expression)]
            : item.kind === 'list'
              ? regionOf({ ...item, kind: 'set' })
              : null,
        ),
      )
    case 'except':
      return complementOf(answer.values)
    case 'union':
      return allOf(answer.parts.map(part => (part.kind === 'value' ? null : regionOf(part))))
    default:
      return null
  }
}

/** All real numbers but these. */
function complementOf(values: readonly Expression[]): Bounds[] | null {
  const measured = values.map(value => ({ value, size: realNumber(value) }))
  if (measured.some(({ size }) => size === null)) return null
  const inOrder = measured.sort((a, b) => (a.size ?? 0) - (b.size ?? 0)).map(({ value }) => value)
  const edges = [minusInfinity, ...inOrder, infinity]
  return edges.slice(1).map((high, index) => ({ low: edges[index] as Expression, high, openLow: true, openHigh: true }))
}

const pointOf = (value: Expression): Bounds => ({ low: value, high: value, openLow: false, openHigh: false })

function allOf(regions: readonly (Bounds[] | null)[]): Bounds[] | null {
  return regions.every(region => region !== null) ? regions.flat() : null
}

export function compareRegions(
  a: readonly Bounds[],
  b: readonly Bounds[],
  same: (x: Expression, y: Expression) => Decision,
): Decision {
  const [x, y] = [inOrder(a, same), inOrder(b, same)]
  if (x === null || y === null) return unordered(a, b, same)
  if (x.length !== y.length) return 'different'
  return every(x.map((interval, index) => sameInterval(interval, y[index] as Bounds, same)))
}

function sameInterval(a: Bounds, b: Bounds, same: (x: Expression, y: Expression) => Decision): Decision {
  if (openLow(a) !== openLow(b) || openHigh(a) !== openHigh(b)) return 'different'
  return every([same(a.low, b.low), same(a.high, b.high)])
}

/** At infinity both brackets mean the same. */
const openLow = (interval: Bounds): boolean => interval.openLow || isInfinite(interval.low)
const openHigh = (interval: Bounds): boolean => interval.openHigh || isInfinite(interval.high)
const isInfinite = (bound: Expression): boolean => Math.abs(realNumber(bound) ?? 0) === Number.POSITIVE_INFINITY

/** Sorted and merged where they touch; null if a bound is no number or an interval runs backwards. */
function inOrder(intervals: readonly Bounds[], same: (x: Expression, y: Expression) => Decision): Bounds[] | null {
  const measured = intervals.map(interval => ({
    interval,
    low: realNumber(interval.low),
    high: realNumber(interval.high),
  }))
  if (measured.some(({ low, high }) => low === null || high === null || low > high)) return null
  const sorted = (measured as { interval: Bounds; low: number; high: number }[]).sort(
    (x, y) => x.low - y.low || x.high - y.high,
  )
  const merged: { interval: Bounds; high: number }[] = []
  for (const { interval, low, high } of sorted) {
    const last = merged.at(-1)
    if (last === undefined || !touches(last, { interval, low }, same)) {
      merged.push({ interval: { ...interval }, high })
      continue
    }
    // The same start: closed if one of the two is.
    const sameStart = same(last.interval.low, interval.low) === 'equal'
    const openStart = sameStart ? last.interval.openLow && interval.openLow : last.interval.openLow
    const sameEnd = same(last.interval.high, interval.high) === 'equal'
    const longer = sameEnd ? last.interval : high > last.high ? interval : last.interval
    const openEnd = sameEnd ? last.interval.openHigh && interval.openHigh : longer.openHigh
    last.interval = { low: last.interval.low, high: longer.high, openLow: openStart, openHigh: openEnd }
    last.high = Math.max(last.high, high)
  }
  return merged.map(({ interval }) => interval)
}

function touches(
  last: { interval: Bounds; high: number },
  next: { interval: Bounds; low: number },
  same: (x: Expression, y: Expression) => Decision,
): boolean {
  if (same(last.interval.high, next.interval.low) === 'equal') return !(last.interval.openHigh && next.interval.openLow)
  return next.low < last.high
}

function unordered(
  a: readonly Bounds[],
  b: readonly Bounds[],
  same: (x: Expression, y: Expression) => Decision,
): Decision {
  return matchAll(a, b, (x, y) => sameInterval(x, y, same))
}

/** Whether each of `a` has its own equal in `b`. */
export function matchAll<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => Decision): Decision {
  if (a.length !== b.length) return 'different'
  const left = [...b]
  let undecided = false
  for (const item of a) {
    const decisions = left.map(other => same(item, other))
    const index = decisions.indexOf('equal')
    if (index >= 0) left.splice(index, 1)
    else if (decisions.includes('undecided')) undecided = true
    else return 'different'
  }
  return undecided ? 'undecided' : 'equal'
}

export function every(decisions: readonly Decision[]): Decision {
  if (decisions.includes('different')) return 'different'
  return decisions.includes('undecided') ? 'undecided' : 'equal'
}
