/** Partial credit and points deducted, from a response to its mark. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CreditRules, canGiveCredit, creditOfWrong, partialCredit } from '../../../pipelines/rewards/credit.js'
import { judgeResponses } from '../../../pipelines/rewards/judge/judge-responses.js'
import { markOf } from '../../../pipelines/rewards/mark.js'
import { type VerifierConfig, verify } from '../../../pipelines/rewards/verify.js'

const none: CreditRules = { partial: 'none', wrongCredit: 0 }

function creditFor(
  text: string,
  reference: string,
  {
    verifier = 'choice',
    answer = 'whole',
    section = 'MCQ(multiple)',
    points = 4,
    negative,
    finish = 'stop',
    ...rules
  }: Partial<VerifierConfig> & {
    section?: string
    points?: number
    negative?: number
    finish?: 'stop' | 'length'
  } = {},
) {
  return verify({
    response: { text, finish },
    item: { answer: reference, section, points, ...(negative === undefined ? {} : { negative }) },
    reward: { verifier, tolerance: 0, absoluteTolerance: 0, units: 'convert', answer, ...none, ...rules },
  })
}

/** JEE Advanced, questions with one or more right options of four: points of 4. */
const jee: readonly [reference: string, response: string, points: number][] = [
  ['ABCD', 'ABCD', 4],
  ['ABCD', 'ACD', 3],
  ['ABCD', 'A, C', 2],
  ['ABCD', 'D', 1],
  ['ABD', 'ABD', 4],
  ['ABD', 'A and D', 2],
  ['ABD', 'B', 1],
  ['ABD', 'ABC', -2],
  ['ABD', 'ABCD', -2],
  ['AC', 'AC', 4],
  ['AC', 'C', 1],
  ['AC', 'B', -2],
  ['AC', 'AB', -2],
  ['B', 'B', 4],
  ['B', 'C', -2],
  ['AC', 'I do not know', -2],
]

for (const [reference, response, points] of jee) {
  test(`jee: ${response} for ${reference} is ${points} of 4 points`, () => {
    const mark = creditFor(response, reference, { partial: 'jee', wrongCredit: -0.5 })
    assert.deepEqual(mark, markOf(points / 4))
    assert.equal(mark.verdict, points === 4 ? 'correct' : 'wrong')
  })
}

test('proportional: the share of the right options, if none is wrong', () => {
  const rules = { partial: 'proportional', wrongCredit: -0.25 } as const
  assert.equal(creditFor('A', 'AB', rules).credit, 1 / 2)
  assert.equal(creditFor('AD', 'ABD', rules).credit, 2 / 3)
  assert.equal(creditFor('ABD', 'ABD', rules).credit, 1)
  assert.equal(creditFor('AC', 'ABD', rules).credit, -0.25)
  assert.deepEqual(creditFor('A', 'A C or so', rules), markOf('unscored'))
})

test('without a rule, a part of the right options is wrong and costs what a wrong answer costs', () => {
  assert.deepEqual(creditFor('A', 'AB'), markOf('wrong'))
  assert.deepEqual(creditFor('A', 'AB', { wrongCredit: -1 }), markOf(-1))
})

test('a rule for one section leaves the others as they are', () => {
  const rules: CreditRules = {
    partial: { 'MCQ(multiple)': 'jee' },
    wrongCredit: { 'MCQ(multiple)': -0.5, MCQ: -0.25 },
  }
  const of = (section: string, text: string, reference: string) =>
    creditFor(text, reference, { ...rules, section }).credit
  assert.deepEqual([of('MCQ(multiple)', 'A', 'AB'), of('MCQ', 'A', 'AB'), of('Integer', 'A', 'AB')], [0.25, -0.25, 0])
  // A section with the name of what every object has.
  assert.deepEqual([of('constructor', 'A', 'AB'), of('toString', 'B', 'A')], [0, 0])
})

test('a response without a final answer is unanswered and costs nothing; an answer that names no option is wrong', () => {
  const rules = { wrongCredit: -0.5, answer: 'after-hash' } as const
  assert.deepEqual(creditFor('I would rather not say', 'B', rules), markOf('wrong'))
  assert.deepEqual(creditFor('', 'B', rules), markOf('wrong'))
  assert.deepEqual(creditFor('#C', 'B', { ...rules, finish: 'length' }), markOf('wrong'))
  assert.deepEqual(creditFor('#C', 'B', rules), markOf(-0.5))
  assert.deepEqual(creditFor('#who knows', 'B', rules), markOf(-0.5))
  assert.deepEqual(creditFor(`#${'C'.repeat(20_000)}`, 'B', rules), markOf(-0.5))
})

test('points that a row deducts take precedence over the config, with every verifier', () => {
  assert.deepEqual(creditFor('C', 'B', { negative: 1, points: 4, wrongCredit: -0.5 }), markOf(-0.25))
  assert.deepEqual(creditFor('C', 'B', { negative: 0, points: 4, wrongCredit: -0.5 }), markOf('wrong'))
  assert.deepEqual(creditFor('C', 'B', { negative: 3, points: 3 }), markOf(-1))
  assert.deepEqual(creditFor('8', '7', { verifier: 'numeric', negative: 1, points: 3 }), markOf(-1 / 3))
  assert.deepEqual(creditFor('cat', 'dog', { verifier: 'exact', wrongCredit: -0.1 }), markOf(-0.1))
  assert.deepEqual(creditFor('dog', 'dog', { verifier: 'exact', negative: 1, wrongCredit: -0.1 }), markOf('correct'))
})

test('a partial credit is above 0 and below 1, and grows with the options chosen', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('proportional' as const, 'jee' as const),
      fc.integer({ min: 2, max: 26 }),
      (rule, right) => {
        const credits = Array.from({ length: right - 1 }, (_, index) =>
          partialCredit(rule, { chosen: index + 1, right }),
        )
        assert.ok(credits.every(credit => credit > 0 && credit < 1))
        assert.deepEqual(
          credits,
          credits.toSorted((a, b) => a - b),
        )
      },
    ),
  )
})

test('without rules and deducted points every credit is what the verdict implies', () => {
  const letters = fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D'), { minLength: 1 }).map(list => list.join(''))
  fc.assert(
    fc.property(letters, letters, (reference, response) => {
      const mark = creditFor(response, reference)
      assert.deepEqual(mark, markOf(mark.verdict))
    }),
  )
  assert.ok(Object.is(creditOfWrong({ section: 's', points: 2, negative: 0 }, none), 0))
})

test("a judge's wrong costs what a wrong answer costs, if there was an answer to judge", async () => {
  const item = { prompt: 'q', answer: 'B', section: 'MCQ', points: 4, negative: 1 }
  const finish = 'stop' as const
  const marks = await judgeResponses({
    responses: ['#C', '#B', '#?', 'no answer'].map(text => ({ response: { text, finish }, item })),
    reward: { answer: 'after-hash', ...none },
    ask: async questions =>
      questions.map(({ answer }) => (answer === '?' ? 'unscored' : answer === 'B' ? 'correct' : 'wrong')),
  })
  assert.deepEqual(marks, [markOf(-0.25), markOf('correct'), markOf('unscored'), markOf('wrong')])
})

test('the config of a run that an older version started has no credits', () => {
  const mark = verify({
    response: { text: 'A', finish: 'stop' },
    item: { answer: 'AB', section: 'MCQ', points: 1 },
    reward: { verifier: 'choice', tolerance: 0, absoluteTolerance: 0, units: 'convert', answer: 'whole' },
  })
  assert.deepEqual(mark, markOf('wrong'))
  assert.ok(!canGiveCredit({}))
})
