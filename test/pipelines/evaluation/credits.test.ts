/** Ten responses with partial credit and deducted points, from text to H-Acc, by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluationMetrics, samplesTable } from '../../../activities/tracking/layout.js'
import { flipsOf } from '../../../pipelines/comparison/flips.js'
import { overSeedsAndItems } from '../../../pipelines/comparison/interval-over-items.js'
import { valueAndDifficulty } from '../../../pipelines/comparison/value-and-difficulty.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { buildEvaluation } from '../../../pipelines/evaluation/build-evaluation.js'
import { evaluateAnswers } from '../../../pipelines/evaluation/evaluate-answers.js'
import { itemResults, testItems } from '../../../pipelines/evaluation/item-results.js'
import { evaluationTable } from '../../../pipelines/report/tables/evaluation-as-text.js'
import { normalizeValues } from '../../../pipelines/values/normalize.js'
import { constructedOutcome, constructedPlan, fourArms } from '../comparison/constructed.js'

const { reward } = experimentSchema.parse({
  name: 'jee',
  reward: {
    verifier: 'choice',
    answer: 'after-hash',
    partial: { several: 'jee' },
    wrongCredit: { several: -0.5 },
  },
})

interface Row {
  section: 'several' | 'one' | 'free'
  answer: string
  points: number
  negative?: number
  text: string
  finish?: 'stop' | 'length'
  /** Points that a marker gives. */
  marked: number
}

const rows: readonly Row[] = [
  { section: 'several', answer: 'ABD', points: 4, text: '#ABD', marked: 4 },
  { section: 'several', answer: 'ABD', points: 4, text: '#A, D', marked: 2 },
  { section: 'several', answer: 'AC', points: 4, text: '#C', marked: 1 },
  { section: 'several', answer: 'BCD', points: 4, text: '#AB', marked: -2 },
  { section: 'one', answer: 'B', points: 3, negative: 1, text: '#B', marked: 3 },
  { section: 'one', answer: 'C', points: 3, negative: 1, text: '#A', marked: -1 },
  { section: 'one', answer: 'D', points: 3, negative: 1, text: 'I cannot say', marked: 0 },
  { section: 'one', answer: 'A', points: 3, negative: 1, text: '#B', finish: 'length', marked: 0 },
  { section: 'free', answer: 'B', points: 6, text: '#C', marked: 0 },
  { section: 'free', answer: 'A', points: 6, text: '#A', marked: 6 },
]
const total = 40

const items = rows.map(
  ({ section, answer, points, negative }, index): Item => ({
    id: `q${index + 1}`,
    exam: 'jee',
    section,
    prompt: `question ${index + 1}`,
    answer,
    points,
    total,
    weight: 1,
    ...(negative === undefined ? {} : { negative }),
  }),
)
const { values } = normalizeValues(items, { alpha: 10 })

/** Greedy as in the rows; two samples, one as greedy and one without an answer. */
const evaluated = (step: number, texts = rows.map(({ text }) => text)) =>
  evaluateAnswers({
    answers: rows.map(({ finish = 'stop' }, index) => {
      const answer = { text: texts[index] ?? '', length: 5, finish }
      return {
        itemId: `q${index + 1}`,
        greedy: { ...answer, eosProbabilities: [0.5] },
        samples: [answer, { text: 'none', length: 1, finish: 'stop' as const }],
      }
    }),
    items,
    values,
    config: { reward },
    step,
  })

const close = (found: number | undefined, expected: number) =>
  assert.ok(found !== undefined && Math.abs(found - expected) < 1e-12, `${found}, not ${expected}`)

test('H-Acc of ten responses is the marked points over all points; Acc counts full credit only', async () => {
  const { evaluation } = await evaluated(0)
  const points = rows.reduce((sum, { marked }) => sum + marked, 0)
  assert.equal(points, 13)
  close(evaluation.greedy.hAcc, 13 / 40)
  close(evaluation.greedy.acc, 3 / 10)
  close(evaluation.greedy.valueDensity, 32.5 / 5)
  // The two questions of 6 points; two of the four of 3 points.
  close(evaluation.greedy.accHigh, 1 / 2)
  close(evaluation.greedy.accLow, 1 / 4)
  close(evaluation.expected.hAcc, 13 / 80)
  close(evaluation.expected.acc, 3 / 20)
  close(evaluation.passAtK.at(-1)?.value, 3 / 10)
  close(evaluation.credit?.greedy, (1 + 1 / 2 + 1 / 4 - 1 / 2 + 1 - 1 / 3 + 0 + 0 + 0 + 1) / 10)
  assert.deepEqual(
    evaluation.sections.map(({ section, greedy }) => [section, greedy.acc]),
    [
      ['several', 1 / 4],
      ['one', 1 / 4],
      ['free', 1 / 2],
    ],
  )
  close(evaluation.sections[0]?.greedy.credit, (1 + 1 / 2 + 1 / 4 - 1 / 2) / 4)
  close(evaluation.sections[1]?.expected.credit, (1 - 1 / 3) / 8)
})

test('each response keeps its credit, in records and in what is shown', async () => {
  const { evaluation, outcomes } = await evaluated(0)
  for (const [index, { marked, points }] of rows.entries()) {
    const { verdict, credit = verdict === 'correct' ? 1 : 0 } = outcomes[index]?.greedy ?? { verdict: 'unscored' }
    close(credit, marked / points)
  }
  const table = samplesTable(evaluation)
  assert.ok(table.data.some(row => row.at(-1) === 'wrong, credit -0.333'))
  const metrics = new Map(
    evaluationMetrics({ time: 1, evaluation }).map(({ key, value }): [string, number] => [key, value]),
  )
  close(metrics.get('eval/credit'), evaluation.credit?.greedy ?? Number.NaN)
  close(metrics.get('sections/free_credit'), 1 / 4)
  assert.match(evaluationTable('jee', evaluation), /mean credit 29\.2% greedy, 14\.6% expected; H-Acc is by credit/)
})

test('every question wrong is a negative H-Acc', async () => {
  const { evaluation } = await evaluated(
    0,
    items.map(() => '#E'),
  )
  // 4 times 2 points, 3 times 1 (one response was cut), of 40.
  close(evaluation.greedy.hAcc, -11 / 40)
  assert.equal(evaluation.greedy.acc, 0)
})

test('without rules, nothing of a credit is kept or shown', async () => {
  const plain = items.map(({ negative: _negative, ...item }) => item)
  const { evaluation, outcomes } = await evaluateAnswers({
    answers: plain.map(({ id }, index) => ({
      itemId: id,
      greedy: { text: rows[index]?.text ?? '', length: 5, finish: 'stop', eosProbabilities: [] },
      samples: [],
    })),
    items: plain,
    values,
    config: { reward: { ...reward, partial: 'none', wrongCredit: 0 } },
    step: 0,
  })
  assert.doesNotMatch(JSON.stringify([evaluation, outcomes]), /credit/)
  // The response that was cut above is whole here, and still wrong.
  close(evaluation.greedy.hAcc, 13 / 40)
})

test('an unscored response leaves open what a wrong one would cost', () => {
  const [item] = items
  assert.ok(item)
  const one = (verdict: 'correct' | 'unscored') => ({
    item,
    value: 1 / 4,
    outcome: { itemId: item.id, greedy: { verdict, length: 1, text: '' }, samples: [] },
    wrongCredit: -1 / 2,
    eosProbabilities: [],
  })
  const { undecided } = buildEvaluation({ step: 0, answered: [one('correct'), one('unscored')], credits: true })
  assert.deepEqual(undecided.greedy.acc, { lowest: 1 / 2, highest: 1 })
  assert.deepEqual(undecided.greedy.hAcc, { lowest: (1 - 1 / 2) / 2, highest: 1 })
})

test('arms are compared by credit: flips, the interval over items, and value against difficulty', async () => {
  const tested = testItems(items, values)
  const worse = rows.map(({ text }, index) => (index === 1 ? '#C' : index === 8 ? '#B' : text))
  const of = async (texts?: string[]) => {
    const steps = await Promise.all([0, 1].map(step => evaluated(step, texts)))
    const found = itemResults(
      tested,
      steps.map(({ outcomes }, step) => ({ step, outcomes })),
    )
    assert.ok(found)
    return found
  }
  const pair = { own: await of(), other: await of(worse) }
  const plan = constructedPlan([1])
  const outcomes = (['human-aligned', 'correctness'] as const).map((arm, index) => {
    const effect = fourArms.find(({ name }) => name === arm)
    assert.ok(effect)
    return { ...constructedOutcome(plan, effect, 1), items: index === 0 ? pair.own : pair.other }
  })
  const flips = flipsOf({ arm: 'human-aligned', against: 'correctness', outcomes, most: 5 })
  assert.ok(flips?.byCredit)
  // 2 of 4 points against -2, and 0 of 6 against 6.
  close(flips.gained.value, 4 / 40)
  close(flips.lost.value, 6 / 40)
  assert.deepEqual(
    flips.mostGained.map(({ item: { id }, own, other }) => [id, own, other]),
    [['q2', 1 / 2, -1 / 2]],
  )
  // Half of it in expectation, for one sample of two is as greedy.
  const over = overSeedsAndItems({ pairs: [pair, pair], endpoint: 'h-acc-final' })
  assert.ok(over)
  close((over.low + over.high) / 2, -2 / 40)
  const difficulty = valueAndDifficulty([pair])
  assert.ok(difficulty?.byCredit)
  close(difficulty.hAcc.mean, -1 / 40)
  close(difficulty.acc.mean + difficulty.byValue.mean + difficulty.byDifficulty.mean, -1 / 40)
  close(difficulty.acc.mean, (1 - 1) / 20)
})
