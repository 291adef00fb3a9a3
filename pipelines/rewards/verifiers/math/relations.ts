/** Equations, inequalities and membership: what they say about a named quantity, if they name one. */
import { difference, type Expression, infinity, minusInfinity } from './expression.js'
import { boundAbsolute, solveLinear } from './linear.js'
import { isLetter, isName, namesOf } from './names.js'
import { readExpression } from './parse.js'
import { type Answer, type Bounds, named } from './structure.js'

/** The signs, for splitting. */
export const relation = /\s*(?:\\(?:le|ge|ne|in|approx|notin)(?![a-zA-Z])|[=<>])\s*/u

/** Of the parts and the signs between them; null if it cannot be read. */
export function readRelation(
  given: readonly string[],
  found: readonly string[],
  readPart: (text: string) => Answer,
): Answer | null {
  const { parts, operators } = withoutApproximations(given, found)
  if (parts.includes('')) {
    // `= 5`, `\approx 5`: only the sign before the value.
    return parts.length === 2 && parts[0] === '' && operators[0] === '=' ? readPart(parts[1] as string) : null
  }
  if (operators.length === 0) return readPart(parts[0] as string)
  const [first, second] = parts as [string, string]
  if (operators.every(operator => operator === '=')) return readEquality(parts, readPart)
  if (operators.length === 1 && operators[0] === '\\in') {
    return isName(first) ? named(first, readPart(second)) : null
  }
  if (operators.length === 1 && operators[0] === '\\ne') {
    const value = readExpression(second)
    return isName(first) && value !== null ? named(first, { kind: 'except', values: [value] }) : null
  }
  return readInequality(parts, operators)
}

/** Exact values stand before `\approx`; only behind a name does it give the value. */
function withoutApproximations(parts: readonly string[], operators: readonly string[]) {
  const first = operators.indexOf('\\approx')
  if (first < 0) return { parts, operators }
  const isOnlyValue = first === 0 && (parts[0] === '' || isName(parts[0] as string))
  return isOnlyValue
    ? { parts: parts.slice(0, 2), operators: ['='] }
    : { parts: parts.slice(0, first + 1), operators: operators.slice(0, first) }
}

/** `x = 5`, `x = 2 + 3 = 5`, `5 = x`, `(x, y) = (1, 2)`, `x + y = 5`. */
function readEquality(parts: readonly string[], readPart: (text: string) => Answer): Answer | null {
  const [first, last] = [parts[0] as string, parts.at(-1) as string]
  if (isName(first) && !(parts.length === 2 && isName(last) && !isLetter(first))) return assigned(first, readPart(last))
  if (parts.length === 2 && isName(last)) return assigned(last, readPart(first))
  if (parts.length !== 2) return null
  const [left, right] = [readExpression(first), readExpression(last)]
  return left === null || right === null ? null : { kind: 'equation', left, right }
}

function assigned(name: string, value: Answer): Answer {
  const names = namesOf(name)
  if (names === null || value.kind !== 'tuple' || value.items.length !== names.length) return named(name, value)
  return { ...value, items: value.items.map((item, index) => named(names[index] as string, item)) }
}

function readInequality(parts: readonly string[], operators: readonly string[]): Answer | null {
  const rising = operators.every(operator => operator === '<' || operator === '\\le')
  const falling = operators.every(operator => operator === '>' || operator === '\\ge')
  if (!(rising || falling) || parts.length > 3) return null
  const [sides, signs] = rising ? [parts, operators] : [[...parts].reverse(), [...operators].reverse()]
  const [open, openHigh = true] = signs.map(sign => sign === '<' || sign === '>') as [boolean, boolean?]
  const [a, b, c] = sides as [string, string, string | undefined]
  return c === undefined ? oneSided(a, b, open) : twoSided([a, b, c], { openLow: open, openHigh })
}

/** low < middle < high. */
function twoSided(
  [a, b, c]: readonly [string, string, string],
  { openLow, openHigh }: Pick<Bounds, 'openLow' | 'openHigh'>,
): Answer | null {
  const [low, high] = [readExpression(a), readExpression(c)]
  if (low === null || high === null) return null
  const between = bounded(b, { low, high, openLow, openHigh })
  if (between !== null) return between
  const middle = readExpression(b)
  if (middle === null) return null
  return {
    kind: 'list',
    items: [
      { kind: 'inequality', low, high: middle, strict: openLow },
      { kind: 'inequality', low: middle, high, strict: openHigh },
    ],
    either: false,
  }
}

/** low < high. */
function oneSided(a: string, b: string, strict: boolean): Answer | null {
  const [low, high] = [readExpression(a), readExpression(b)]
  if (low === null || high === null) return null
  const below = isName(b) ? null : bounded(a, { low: minusInfinity, high, openLow: true, openHigh: strict })
  const above = isName(a) ? null : bounded(b, { low, high: infinity, openLow: strict, openHigh: true })
  return below ?? above ?? solved({ low, high, strict })
}

/** A linear inequality in one variable as an interval; another one as it is. */
function solved({ low, high, strict }: { low: Expression; high: Expression; strict: boolean }): Answer {
  const linear = solveLinear(difference(high, low))
  if (linear === null) return { kind: 'inequality', low, high, strict }
  return named(linear.variable, {
    kind: 'interval',
    ...(linear.rising
      ? { low: linear.zero, high: infinity, openLow: strict, openHigh: true }
      : { low: minusInfinity, high: linear.zero, openLow: true, openHigh: strict }),
  })
}

/** A name, or the absolute value of a linear expression, between two bounds; null for anything else. */
function bounded(text: string, bounds: Bounds): Answer | null {
  const inner = /^\|([^|]*)\|$/u.exec(text)?.[1]
  const absolute = inner === undefined ? null : readExpression(inner)
  const found = absolute === null ? null : boundAbsolute(absolute, bounds)
  if (found !== null) {
    return named(found.variable, { kind: 'union', parts: found.parts.map(part => ({ kind: 'interval', ...part })) })
  }
  return isName(text) ? named(text, { kind: 'interval', ...bounds }) : null
}
