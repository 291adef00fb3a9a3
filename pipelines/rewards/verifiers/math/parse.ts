/**
 * Reads LaTeX as an expression. `@cortex-js/compute-engine` parses it without any evaluation (its `raw` form). What that tree means is
 * decided here: mixed numbers, products without a sign, unknown functions.
 */
import { createRequire } from 'node:module'
import type { ComputeEngine } from '@cortex-js/compute-engine'
import { difference, type Expression, integerOf, product } from './expression.js'
import { isWhole, rational, readDecimal } from './rational.js'

let engine: ComputeEngine | undefined

/** The engine is loaded for the first expression: it takes half a second and 80 MB. */
function parser(): ComputeEngine {
  if (engine === undefined) {
    const { ComputeEngine: Engine } = createRequire(import.meta.url)('@cortex-js/compute-engine') as {
      ComputeEngine: new () => ComputeEngine
    }
    engine = new Engine()
  }
  return engine
}

/** Deeper brackets are not an answer, and the parser is recursive. */
const maxDepth = 60
/** The parser's time doubles with each bar that it cannot pair. */
const maxBars = 12

/** Null for LaTeX that cannot be parsed, or that can be read in two ways (`2x3`, `1/2x`, `1 2`). */
export function readExpression(latex: string): Expression | null {
  if (/[?@#"]/u.test(latex) || !boundedNesting(latex) || ambiguous.test(latex.replace(calledBelow, '/x'))) return null
  try {
    const parsed = parser().parse(latex, { form: 'raw' })
    return parsed?.isValid ? fromTree(parsed.json) : null
  } catch (error) {
    // The parser is recursive: its stack is finite. A literal above the size limit is not read either.
    if (error instanceof Error) return null
    throw error
  }
}

/** Digits apart (`1 2`), and a slash with a product behind it (`1/2x`). */
const ambiguous =
  /\d\s+\.?\d|\/\s*(?:\d+(?:\.\d+)?|[A-Za-z]|\\[a-z]+(?![a-z]))\s*(?:[A-Za-z]|\\(?:pi|sqrt|frac|theta|alpha|beta)|\()/u

/** A function's value as a whole denominator: `/\cos(x)`. */
const calledBelow = /\/\s*\\(?:sin|cos|tan|cot|sec|csc|ln|log|exp)\s*\([^()]*\)(?=\s*(?:[-+=,)\]}]|$))/gu

function boundedNesting(latex: string): boolean {
  let depth = 0
  let bars = 0
  for (const character of latex) {
    if ('([{'.includes(character)) depth += 1
    else if (')]}'.includes(character)) depth -= 1
    else if (character === '|') bars += 1
    if (depth > maxDepth || depth < -1) return false
  }
  return bars <= maxBars && bars % 2 === 0
}

type Tree = unknown

function fromTree(tree: Tree): Expression | null {
  if (typeof tree === 'number') return number(String(tree))
  if (typeof tree === 'string') return tree.startsWith("'") ? null : symbol(tree)
  if (tree !== null && typeof tree === 'object' && 'num' in tree) return number(String(tree.num))
  if (!Array.isArray(tree) || typeof tree[0] !== 'string') return null
  const [head, ...rest] = tree as [string, ...Tree[]]
  return fromCall(head, rest)
}

function number(text: string): Expression | null {
  const value = readDecimal(text)
  return value === null ? null : { kind: 'number', value, decimal: !isWhole(value) }
}

/** Names of the parser for what is a plain letter here, and for constants. */
const symbols: Readonly<Record<string, string>> = {
  e: 'ExponentialE',
  i: 'ImaginaryUnit',
  GoldenRatio: 'phi',
  EulerGamma: 'gamma',
}
const refused = new Set(['ContinuationPlaceholder', 'Nothing', '_', 'Degree'])

function symbol(name: string): Expression | null {
  return refused.has(name) ? null : { kind: 'symbol', name: symbols[name] ?? name }
}

/** Heads that say that the text is no expression. */
const notExpressions = new Set([
  'Error',
  'Sequence',
  'HorizontalSpacing',
  'Superminus',
  'Superplus',
  '__unit__',
  'Measurement',
  'String',
  'Annotated',
  'Equal',
  'NotEqual',
  'Less',
  'LessEqual',
  'Greater',
  'GreaterEqual',
  'Element',
  'To',
])

function fromCall(head: string, rest: readonly Tree[]): Expression | null {
  if (notExpressions.has(head)) return null
  switch (head) {
    case 'Delimiter':
      return rest.length === 1 ? fromTree(rest[0]) : null
    case 'InvisibleOperator':
      return juxtaposed(rest)
    case 'Matrix':
      return rows(rest[0])
    case 'Apply':
      return applied(rest)
    case 'Limit':
    case 'Function':
      return opaque(head, rest)
    default: {
      const args = all(rest.map(fromTree))
      return args === null ? null : call(head, args)
    }
  }
}

/** `\sin^{-1} x`, `f'(x)`. */
function applied([operator, ...rest]: readonly Tree[]): Expression | null {
  const args = all(rest.map(fromTree))
  if (!Array.isArray(operator) || args === null) return null
  if (operator[0] === 'InverseFunction' && /^(?:Sin|Cos|Tan)$/u.test(String(operator[1]))) {
    return { kind: 'call', head: `Arc${String(operator[1]).toLowerCase()}`, args }
  }
  return { kind: 'call', head: `function ${JSON.stringify(operator)}`, args }
}

/** One form for calls that mean the same. */
function call(head: string, args: readonly Expression[]): Expression {
  const [first, second] = args
  switch (head) {
    case 'Rational':
      return { kind: 'call', head: 'Divide', args }
    case 'Negate':
      return product([integerOf(-1), ...args])
    case 'Subtract':
      return difference(first as Expression, second as Expression)
    case 'Sqrt':
      return { kind: 'call', head: 'Root', args: [first as Expression, integerOf(2)] }
    case 'Exp':
      return { kind: 'call', head: 'Power', args: [{ kind: 'symbol', name: 'ExponentialE' }, ...args] }
    case 'Lb':
      return { kind: 'call', head: 'Log', args: [first as Expression, integerOf(2)] }
    case 'Log':
      return { kind: 'call', head, args: [first as Expression, second ?? integerOf(10)] }
    case 'Degrees':
      return product([
        first as Expression,
        { kind: 'symbol', name: 'Pi' },
        { kind: 'number', value: { numerator: 1n, denominator: 180n }, decimal: false },
      ])
    default:
      return { kind: 'call', head, args }
  }
}

/** Letters that are functions before a bracket. Others are factors: `g(m_1 - m_2)`. */
const functionLetters = /^[fFPQ]$/u

/** Factors side by side: a mixed number, the call of an unknown function, else a product. Null if it can be read in two ways. */
function juxtaposed(parts: readonly Tree[]): Expression | null {
  const [first, second] = parts
  const whole = wholeNumber(first)
  const fraction = whole === null ? null : plainFraction(second)
  if (whole !== null && fraction !== null) {
    // An improper fraction behind an integer is neither a mixed number nor surely a product.
    if (!fraction.proper) return null
    const { above, below } = fraction
    const value = rational(whole * below + (whole < 0n ? -above : above), below)
    return productOf([{ kind: 'number', value, decimal: false }], parts.slice(2))
  }
  if (isPrimed(first) || (typeof first === 'string' && functionLetters.test(first))) {
    const args = parts.length === 2 ? callArguments(second) : null
    if (args !== null) return { kind: 'call', head: `function ${JSON.stringify(first)}`, args }
  }
  return productOf([], parts)
}

function wholeNumber(tree: Tree): bigint | null {
  if (typeof tree === 'number') return Number.isSafeInteger(tree) ? BigInt(tree) : null
  if (!Array.isArray(tree) || tree[0] !== 'Negate') return null
  const inner = wholeNumber(tree[1])
  return inner === null ? null : -inner
}

function plainFraction(tree: Tree): { above: bigint; below: bigint; proper: boolean } | null {
  if (!Array.isArray(tree) || tree[0] !== 'Divide') return null
  const [above, below] = [wholeNumber(tree[1]), wholeNumber(tree[2])]
  return above === null || below === null ? null : { above, below, proper: 0n < above && above < below }
}

const isPrimed = (tree: Tree): boolean => Array.isArray(tree) && (tree[0] === 'Prime' || tree[0] === 'Derivative')

function callArguments(tree: Tree): Expression[] | null {
  if (!Array.isArray(tree) || tree[0] !== 'Delimiter') return null
  const inner = tree[1]
  return all((Array.isArray(inner) && inner[0] === 'Sequence' ? inner.slice(1) : [inner]).map(fromTree))
}

function productOf(before: readonly Expression[], parts: readonly Tree[]): Expression | null {
  // A bare number behind a factor: `x2`, `\frac{1}{2}3`.
  if (parts.some((part, index) => index + before.length > 0 && isBareNumber(part))) return null
  const factors = all(parts.map(fromTree))
  return factors === null ? null : product([...before, ...factors])
}

function isBareNumber(tree: Tree): boolean {
  if (typeof tree === 'number') return true
  if (Array.isArray(tree)) return (tree[0] === 'Power' || tree[0] === 'Factorial') && isBareNumber(tree[1])
  return tree !== null && typeof tree === 'object' && 'num' in tree
}

function rows(tree: Tree): Expression | null {
  if (!Array.isArray(tree) || tree[0] !== 'List') return null
  const read = all(
    tree.slice(1).map((row): Expression | null => {
      const entries = Array.isArray(row) && row[0] === 'List' ? all(row.slice(1).map(fromTree)) : null
      return entries === null ? null : { kind: 'call', head: 'Row', args: entries }
    }),
  )
  return read === null ? null : { kind: 'call', head: 'Matrix', args: read }
}

/** A call that is compared by its text only. */
function opaque(head: string, rest: readonly Tree[]): Expression {
  return { kind: 'call', head: `${head} ${JSON.stringify(rest)}`, args: [] }
}

function all<T>(values: readonly (T | null)[]): T[] | null {
  return values.every(value => value !== null) ? (values as T[]) : null
}
