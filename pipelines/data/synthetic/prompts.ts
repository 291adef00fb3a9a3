/** The wording of synthetic questions: symbols for the default policy, or sentences for policies that read a language. */
import type { ExperimentConfig } from '../../config/schema.js'
import type { Question } from './question.js'

export type PromptStyle = Extract<ExperimentConfig['data'], { source: 'synthetic' }>['style']

type Wording = Readonly<Record<Question['operator'], readonly string[]>>

/** {a} and {b} stand for the operands. */
const wordings: Readonly<Record<PromptStyle, Wording>> = {
  symbols: { '+': ['{a}+{b}='], '*': ['{a}*{b}='] },
  english: {
    '+': ['What is {a} plus {b}?', 'Add {a} and {b}.', 'What is the sum of {a} and {b}?'],
    '*': ['What is {a} times {b}?', 'Multiply {a} by {b}.', 'What is the product of {a} and {b}?'],
  },
  chinese: {
    '+': ['{a}加{b}等于多少？', '求{a}与{b}的和。', '计算：{a}加上{b}。'],
    '*': ['{a}乘以{b}等于多少？', '求{a}与{b}的积。', '计算：{a}乘{b}。'],
  },
}

/** The digits, the mark before the answer, then the other characters of the style, in code point order. */
const digitsAndMark = '0123456789#'

/** `variant` in [0, 1) chooses among the wordings of a style. */
export function promptOf({ left, right, operator }: Question, style: PromptStyle, variant: number): string {
  const choices = wordings[style][operator]
  const wording = choices[Math.floor(variant * choices.length)] ?? ''
  return wording.replace('{a}', String(left)).replace('{b}', String(right))
}

/** Every character of prompts, working and answers of a style, each once. Token ids depend on this order. */
export function alphabet(style: PromptStyle): string[] {
  const { '+': sums, '*': products } = wordings[style]
  const words = [...sums, ...products].join('').replaceAll('{a}', '').replaceAll('{b}', '')
  const others = [...new Set(words)].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0))
  return [...digitsAndMark, ...others]
}
