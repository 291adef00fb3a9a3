/** Linear expressions in one variable: `3 - 2x` is 0 at 3/2 and falls. */
import { compareExpressions, realNumber } from './equality.js'
import { difference, type Expression, integerOf, product, substitute, variablesOf } from './expression.js'

/** Where the expression is 0, and whether it rises there. Null if it is not linear, or not in one variable. */
export function solveLinear(expression: Expression): { variable: string; zero: Expression; rising: boolean } | null {
  const [variable, ...others] = variablesOf(expression)
  if (variable === undefined || others.length > 0) return null
  const at = (value: number) => substitute(expression, variable, integerOf(value))
  const slope = difference(at(1), at(0))
  const size = realNumber(slope)
  if (size === null || size === 0) return null
  const line: Expression = {
    kind: 'call',
    head: 'Add',
    args: [at(0), product([slope, { kind: 'symbol', name: variable }])],
  }
  if (compareExpressions(expression, line) !== 'equal') return null
  const zero: Expression = { kind: 'call', head: 'Divide', args: [product([integerOf(-1), at(0)]), slope] }
  return { variable, zero, rising: size > 0 }
}
