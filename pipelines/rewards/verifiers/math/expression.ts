/**
 * Expressions: numbers, symbols and calls. LaTeX is parsed by `@cortex-js/compute-engine` without any evaluation (its `raw` form); what
 * that tree means is decided here: mixed numbers, products without a sign, unknown functions.
 */
import { createRequire } from 'node:module'
import type { ComputeEngine } from '@cortex-js/compute-engine'
import { integer, isWhole, type Rational, readDecimal } from './rational.js'

export type Expression =
  | { kind: 'number'; value: Rational /** Written with a decimal point. */; decimal: boolean }
  | { kind: 'symbol'; name: string }
  | { kind: 'call'; head: string; args: readonly Expression[] }

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
  if (!boundedNesting(latex) || ambiguous.test(latex)) return null
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
    case 'Limit':
    case 'Function':
      return opaque(head, rest)
    default: {
      const args = all(rest.map(fromTree))
      return args === null ? null : call(head, args)
    }
  }
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
      return { kind: 'call', head: 'Add', args: [first as Expression, product([integerOf(-1), second as Expression])] }
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

export const integerOf = (value: bigint | number): Expression => ({
  kind: 'number',
  value: integer(value),
  decimal: false,
})

export function product(args: readonly Expression[]): Expression {
  return args.length === 1 ? (args[0] as Expression) : { kind: 'call', head: 'Multiply', args }
}

export function difference(a: Expression, b: Expression): Expression {
  return { kind: 'call', head: 'Add', args: [a, product([integerOf(-1), b])] }
}

/** Letters that are functions before a bracket. Others are factors: `g(m_1 - m_2)`. */
const functionLetters = /^[fFPQ]$/u

/** Factors side by side: a mixed number, the call of an unknown function, else a product. Null if it can be read in two ways. */
function juxtaposed(parts: readonly Tree[]): Expression | null {
  const [first, second] = parts
  if (typeof first === 'number' && Number.isInteger(first) && Array.isArray(second) && second[0] === 'Divide') {
    const [, above, below] = second
    if (typeof above === 'number' && typeof below === 'number') {
      // An improper fraction behind an integer is neither a mixed number nor surely a product.
      if (!(0 < above && above < below)) return null
      const mixed: Expression = {
        kind: 'call',
        head: 'Add',
        args: [integerOf(first), call('Divide', [integerOf(above), integerOf(below)])],
      }
      return parts.length === 2 ? mixed : productOf([mixed], parts.slice(2))
    }
  }
  if (isPrimed(first) || (typeof first === 'string' && functionLetters.test(first))) {
    const args = parts.length === 2 ? callArguments(second) : null
    if (args !== null) return { kind: 'call', head: `function ${JSON.stringify(first)}`, args }
  }
  return productOf([], parts)
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

/** A text that is the same for trees that differ only in the order of terms and factors. */
export function keyOf(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return `${expression.value.numerator}/${expression.value.denominator}`
    case 'symbol':
      return expression.name
    case 'call': {
      const { head } = expression
      const keys = (commutative.has(head) ? flattened(expression, head) : expression.args).map(keyOf)
      return `${head}(${(commutative.has(head) ? keys.sort() : keys).join(', ')})`
    }
    default:
      return expression satisfies never
  }
}

const commutative = new Set(['Add', 'Multiply'])

function flattened(expression: Expression, head: string): Expression[] {
  return expression.kind === 'call' && expression.head === head
    ? expression.args.flatMap(argument => flattened(argument, head))
    : [expression]
}

/** Names of the variables, sorted. Constants and infinity are not among them. */
export function variablesOf(expression: Expression): string[] {
  const found = new Set<string>()
  visit(expression, part => {
    if (part.kind === 'symbol' && !constants.has(part.name)) found.add(part.name)
  })
  return [...found].sort()
}

const constants = new Set(['Pi', 'ExponentialE', 'ImaginaryUnit', 'PositiveInfinity'])

export function visit(expression: Expression, see: (part: Expression) => void): void {
  see(expression)
  if (expression.kind === 'call') for (const argument of expression.args) visit(argument, see)
}

export function substitute(expression: Expression, name: string, value: Expression): Expression {
  if (expression.kind === 'symbol') return expression.name === name ? value : expression
  if (expression.kind === 'number') return expression
  return { ...expression, args: expression.args.map(argument => substitute(argument, name, value)) }
}

/** The entries of a matrix, or of a sum or product of matrices and factors; null for other expressions. */
export function matrixEntries(expression: Expression): Expression[][] | null {
  if (expression.kind !== 'call') return null
  const { head, args } = expression
  if (head === 'Matrix') return args.map(row => (row.kind === 'call' ? [...row.args] : []))
  if (head !== 'Add' && head !== 'Multiply') return null
  const parts = args.map(matrixEntries)
  if (parts.every(part => part === null)) return null
  if (head === 'Add') {
    return parts.reduce((a, b) => (a === null || b === null ? null : sumOfMatrices(a, b)))
  }
  const factors = args.filter((_, index) => parts[index] === null)
  const matrices = parts.filter(part => part !== null)
  const multiplied = matrices.reduce<Expression[][] | null>((a, b) => (a === null ? b : productOfMatrices(a, b)), null)
  return multiplied?.map(row => row.map(entry => product([...factors, entry]))) ?? null
}

function sumOfMatrices(a: Expression[][], b: Expression[][]): Expression[][] | null {
  const fits = a.length === b.length && a.every((row, index) => row.length === b[index]?.length)
  if (!fits) return null
  return a.map((row, i) =>
    row.map((entry, j) => ({ kind: 'call', head: 'Add', args: [entry, b[i]?.[j] as Expression] })),
  )
}

function productOfMatrices(a: Expression[][], b: Expression[][]): Expression[][] {
  return a.map(row =>
    (b[0] ?? []).map((_, column) => ({
      kind: 'call',
      head: 'Add',
      args: row.map((entry, index) => product([entry, b[index]?.[column] ?? integerOf(0)])),
    })),
  )
}
