/**
 * The questions of the synthetic exam: operands, answer, and the working that a policy may show before its answer. The
 * working lists the intermediate results, ones first, two digits each.
 */
import type { SectionName } from '../exams.js'

export interface Question {
  section: SectionName
  left: number
  right: number
  operator: '+' | '*'
  answer: string
  /** Digits only, two for each intermediate result. */
  working: string
}

/** Integer in [0, bound), the nth draw of a question. */
export type Draw = (bound: number, draw: number) => number

/** A question of the section with operands drawn by `draw`: uniform over the numbers with as many digits as the section asks for. */
export function drawQuestion(section: SectionName, draw: Draw): Question {
  switch (section) {
    case 'add1':
      return addition(section, 1 + draw(9, 0), 1 + draw(9, 1))
    case 'add2':
      return addition(section, 10 + draw(90, 0), 10 + draw(90, 1))
    case 'add3':
      return addition(section, 100 + draw(900, 0), 100 + draw(900, 1))
    case 'mul1':
      return product(section, 2 + draw(8, 0), 2 + draw(8, 1))
    case 'uneven':
      return addition(section, 100 + draw(900, 0), 1 + draw(9, 1))
    case 'add4':
      return addition(section, 1000 + draw(9000, 0), 1000 + draw(9000, 1))
    case 'mul':
      return product(section, 10 + draw(90, 0), 2 + draw(8, 1))
    default:
      return section satisfies never
  }
}

function addition(section: SectionName, left: number, right: number): Question {
  return { section, left, right, operator: '+', answer: String(left + right), working: additionWorking(left, right) }
}

function product(section: SectionName, left: number, right: number): Question {
  return {
    section,
    left,
    right,
    operator: '*',
    answer: String(left * right),
    working: productWorking(left, right),
  }
}

/** Column sums, ones first, the carry of the column before included: 27+85 has 7+5 = 12, then 2+8+1 = 11, so 1211. */
export function additionWorking(left: number, right: number): string {
  const columns: number[] = []
  for (let [a, b, carry] = [left, right, 0]; a > 0 || b > 0; a = Math.floor(a / 10), b = Math.floor(b / 10)) {
    const sum = (a % 10) + (b % 10) + carry
    columns.push(sum)
    carry = Math.floor(sum / 10)
  }
  return columns.map(twoDigits).join('')
}

/** Ones product, tens product, tens product plus carry, of two digits by one: 47*6 has 42, 24, 24+4 = 28, so 422428. */
export function productWorking(left: number, right: number): string {
  const ones = (left % 10) * right
  const tens = Math.floor(left / 10) * right
  return [ones, tens, tens + Math.floor(ones / 10)].map(twoDigits).join('')
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
