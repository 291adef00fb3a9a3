/** Answers that a verifier might never finish: a model may write them, and so may a data file. None is an error, none is correct. */

import { plainRules } from '../pipelines/rewards/plain-rules.js'
import type { HostileCase } from './case.js'

const LONG = 2_000_000

async function verdict(
  verifier: 'exact' | 'numeric' | 'choice',
  text: string,
  reference = '42',
  answer: 'whole' | 'boxed' = 'whole',
) {
  const { verify } = await import('../../pipelines/rewards/verify.js')
  const choices = ['one', 'two', 'forty-two']
  const item = { section: 'all', points: 1, answer: reference, ...(verifier === 'choice' ? { choices } : {}) }
  return verify({
    response: { text, finish: 'stop' },
    item,
    reward: { ...plainRules, verifier, answer },
  }).verdict
}

const answer = (name: string, gives: 'wrong' | 'unscored', meet: () => Promise<unknown>): HostileCase => ({
  name,
  meet,
  outcome: { gives: JSON.stringify(gives) },
})

/** As many as are read at all, and so the worst that can reach the expressions of a verifier. */
const most = 10_000

export const cases: HostileCase[] = [
  answer('a number beyond all numbers', 'wrong', () => verdict('numeric', '1e999999999')),
  answer('a reference beyond all numbers', 'unscored', () => verdict('numeric', '1', '1e999999999')),
  answer('10 MB of digits', 'wrong', () => verdict('numeric', '9'.repeat(10 * 2 ** 20))),
  answer('10 MB of digits as reference', 'unscored', () => verdict('numeric', '9', '9'.repeat(10 * 2 ** 20))),
  answer('digits and a letter', 'wrong', () => verdict('numeric', `${'9'.repeat(most - 1)}x`)),
  answer('thousands without end', 'wrong', () => verdict('numeric', `1${',111'.repeat(2400)}x`)),
  answer('a fraction of fractions', 'wrong', () => verdict('numeric', '\\frac{1}{'.repeat(1000))),
  answer('dollars and spaces', 'wrong', () => verdict('numeric', `$${'$ '.repeat(4000)}x`)),
  answer('spaces', 'wrong', () => verdict('numeric', `1${' '.repeat(most - 2)}x`)),
  answer('divided and divided', 'wrong', () => verdict('numeric', '1/'.repeat(most / 2))),
  answer('dots', 'wrong', () => verdict('choice', `A${'.'.repeat(most - 2)}x`, 'A')),
  answer('dots without end', 'wrong', () => verdict('choice', `${'.'.repeat(LONG)}x`, 'A')),
  answer('separators', 'wrong', () => verdict('choice', ' , '.repeat(3000), 'A')),
  answer('marks above marks, out of order', 'wrong', () => verdict('exact', 'a\u0301\u0316'.repeat(3000))),
  answer('the same without end', 'wrong', () => verdict('exact', `a${'\u0301\u0316'.repeat(LONG)}`)),
  answer('characters that become many', 'wrong', () => verdict('exact', '\ufdfa'.repeat(most))),
  answer('boxes in boxes', 'wrong', () => verdict('exact', '\\boxed{'.repeat(LONG / 10), '42', 'boxed')),
  answer('braces', 'wrong', () => verdict('exact', `\\boxed{${'{'.repeat(LONG)}`, '42', 'boxed')),
]
