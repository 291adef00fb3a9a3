/** Expressions: numbers, symbols and calls. Differences, products and negative terms have one form. */
import { integer, type Rational } from './rational.js'

export type Expression =
  | { kind: 'number'; value: Rational /** Written with a decimal point. */; decimal: boolean }
  | { kind: 'symbol'; name: string }
  | { kind: 'call'; head: string; args: readonly Expression[] }

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

export const sum = (a: Expression, b: Expression): Expression => ({ kind: 'call', head: 'Add', args: [a, b] })
export const quotient = (a: Expression, b: Expression): Expression => ({ kind: 'call', head: 'Divide', args: [a, b] })

export const infinity: Expression = { kind: 'symbol', name: 'PositiveInfinity' }
export const minusInfinity: Expression = product([integerOf(-1), infinity])

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

export function mentions(expression: Expression, name: string): boolean {
  return some(expression, part => part.kind === 'symbol' && part.name === name)
}

export function hasCall(expression: Expression, head: string): boolean {
  return some(expression, part => part.kind === 'call' && part.head === head)
}

/** Whether a number in it is written with a decimal point. */
export function hasDecimal(expression: Expression): boolean {
  return some(expression, part => part.kind === 'number' && part.decimal)
}

function some(expression: Expression, holds: (part: Expression) => boolean): boolean {
  let found = false
  visit(expression, part => {
    found ||= holds(part)
  })
  return found
}
