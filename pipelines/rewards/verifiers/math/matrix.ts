/** Matrices entry by entry, with sums, products and factors written out. */
import { type Expression, integerOf, product } from './expression.js'

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
