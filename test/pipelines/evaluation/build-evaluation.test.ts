import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Item } from '../../../pipelines/data/item.js'
import { RlevError } from '../../../pipelines/errors.js'
import { type AnsweredItem, buildEvaluation, valuesInOrder } from '../../../pipelines/evaluation/build-evaluation.js'
import type { Verdict } from '../../../pipelines/rewards/verdict.js'

function answered({
  id,
  section,
  value,
  weight,
  greedy,
  samples,
  length,
}: {
  id: string
  section: string
  value: number
  weight: number
  greedy: Verdict
  samples: Verdict[]
  length: number
}): AnsweredItem {
  const item: Item = {
    id,
    exam: 'e',
    section,
    prompt: [{ role: 'user', content: `${id}?` }],
    answer: id,
    points: 100 * value,
    total: 100,
    weight,
  }
  return {
    item,
    value,
    outcome: {
      itemId: id,
      greedy: { verdict: greedy, length, text: `#${id}` },
      samples: samples.map((verdict, index) => ({ verdict, length: length + index })),
    },
    wrongCredit: 0,
    eosProbabilities: [0, value],
  }
}

const items = [
  answered({
    id: 'a',
    section: 'easy',
    value: 0.01,
    weight: 7,
    greedy: 'correct',
    samples: ['correct', 'wrong'],
    length: 2,
  }),
  answered({
    id: 'b',
    section: 'easy',
    value: 0.01,
    weight: 7,
    greedy: 'wrong',
    samples: ['correct', 'correct'],
    length: 4,
  }),
  answered({
    id: 'c',
    section: 'hard',
    value: 0.25,
    weight: 3,
    greedy: 'correct',
    samples: ['wrong', 'unscored'],
    length: 8,
  }),
  answered({
    id: 'd',
    section: 'hard',
    value: 0.25,
    weight: 3,
    greedy: 'unscored',
    samples: ['unscored', 'unscored'],
    length: 8,
  }),
]

const close = (found: number | undefined, expected: number) =>
  assert.ok(found !== undefined && Math.abs(found - expected) < 1e-12, `${found}, not ${expected}`)

test('greedy and expected columns, by hand: unscored responses are in no accuracy, and counted', () => {
  const { greedy, expected, unscored, step, items: count } = buildEvaluation({ step: 20, answered: items })
  assert.deepEqual([step, count, unscored], [20, 4, 4])
  close(greedy.acc, 10 / 17)
  close(greedy.hAcc, (0.07 + 0.75) / (0.14 + 0.75))
  close(greedy.length, (14 + 28 + 24 + 24) / 20)
  close(expected.acc, (3.5 + 7) / 17)
  close(expected.hAcc, (0.035 + 0.07) / (0.14 + 0.75))
  close(expected.length, (7 * 2.5 + 7 * 4.5 + 3 * 8.5 + 3 * 8.5) / 20)
})

test('the share of cut responses is by the weight of the items; it is not there if one response does not say', () => {
  const cut = (one: AnsweredItem, greedy: boolean, samples: number): AnsweredItem => {
    const finish = (isCut: boolean) => (isCut ? ('length' as const) : ('stop' as const))
    const { outcome } = one
    return {
      ...one,
      outcome: {
        ...outcome,
        greedy: { ...outcome.greedy, finish: finish(greedy) },
        samples: outcome.samples.map((sample, index) => ({ ...sample, finish: finish(index < samples) })),
      },
    }
  }
  const [a, b, c, d] = items as [AnsweredItem, AnsweredItem, AnsweredItem, AnsweredItem]
  const known = [cut(a, false, 1), cut(b, true, 0), cut(c, false, 0), cut(d, true, 2)]
  const { greedy, expected } = buildEvaluation({ step: 0, answered: known })
  close(greedy.cut, (7 + 3) / 20)
  close(expected.cut, (7 * 0.5 + 3) / 20)
  const partly = buildEvaluation({ step: 0, answered: [...known.slice(1), a] })
  assert.deepEqual([partly.greedy.cut, partly.expected.cut], [undefined, undefined])
})

test('a section has its own H-Acc: the value of what is correct in it over its value', () => {
  const other = answered({
    id: 'e',
    section: 'easy',
    value: 0.05,
    weight: 1,
    greedy: 'wrong',
    samples: ['wrong', 'wrong'],
    length: 1,
  })
  const { sections } = buildEvaluation({ step: 0, answered: [...items, other] })
  close(sections[0]?.greedy.hAcc, 0.07 / (0.07 + 0.07 + 0.05))
  close(sections[0]?.expected.hAcc, (0.035 + 0.07) / (0.07 + 0.07 + 0.05))
  close(sections[1]?.greedy.hAcc, 1)
})

test('what unscored responses leave open, by hand: all of them wrong, and all of them right', () => {
  const { undecided } = buildEvaluation({ step: 0, answered: items })
  close(undecided.greedy.share, 1 / 4)
  close(undecided.greedy.acc.lowest, 10 / 20)
  close(undecided.greedy.acc.highest, 13 / 20)
  close(undecided.greedy.hAcc.lowest, 0.82 / 1.64)
  close(undecided.greedy.hAcc.highest, 1.57 / 1.64)
  close(undecided.expected.share, 3 / 8)
  close(undecided.expected.acc.lowest, 10.5 / 20)
  close(undecided.expected.acc.highest, 15 / 20)
})

test('pass@k is over the scored samples, at the powers of two and at their number', () => {
  const { passAtK } = buildEvaluation({ step: 0, answered: items })
  assert.deepEqual(
    passAtK.map(({ k }) => k),
    [1, 2],
  )
  close(passAtK[0]?.value, (7 * 0.5 + 7 * 1) / 17)
  close(passAtK[1]?.value, 1)
  const plain = items.map(one => ({ ...one, outcome: { ...one.outcome, samples: [] } }))
  assert.deepEqual(buildEvaluation({ step: 0, answered: plain }).passAtK, [])
})

test('sections keep their order, their weights and their mean value', () => {
  const { sections } = buildEvaluation({ step: 0, answered: items })
  assert.deepEqual(
    sections.map(({ section, items: count, value }) => [section, count, value]),
    [
      ['easy', 2, 0.01],
      ['hard', 2, 0.25],
    ],
  )
  close(sections[0]?.greedy.acc, 0.5)
  close(sections[0]?.expected.acc, 0.75)
  close(sections[1]?.greedy.acc, 1)
  close(sections[1]?.expected.acc, 0)
  close(sections[1]?.expected.length, 8.5)
})

test('without samples the expected columns repeat the greedy ones', () => {
  const plain = items.map(one => ({ ...one, outcome: { ...one.outcome, samples: [] } }))
  const { greedy, expected } = buildEvaluation({ step: 0, answered: plain })
  assert.deepEqual(expected, greedy)
})

test('ten sample responses, a section in turn, chat prompts as text', () => {
  const many = Array.from({ length: 9 }, (_, index) => {
    const one = items[index % 3 === 0 ? 2 : 0]
    assert.ok(one)
    return { ...one, item: { ...one.item, id: `${index}` } }
  })
  const { responses } = buildEvaluation({ step: 0, answered: [...many, ...many.map(one => ({ ...one }))] })
  assert.equal(responses.length, 10)
  assert.deepEqual(
    responses.slice(0, 6).map(({ itemId, section }) => `${section} ${itemId}`),
    ['hard 0', 'easy 1', 'hard 3', 'easy 2', 'hard 6', 'easy 4'],
  )
  assert.equal(responses[0]?.prompt, 'user: c?')
})

test('EOS trajectories come from the greedy responses', () => {
  const [top, bottom] = buildEvaluation({ step: 0, answered: items }).eos
  assert.deepEqual([top?.items, top?.probability, bottom?.probability], [2, [0, 0.25], [0, 0.01]])
})

test('values are matched by item, and a missing one is an error that names the item', () => {
  const own = items.map(one => one.item)
  const values = items.map(({ item, value }) => ({
    itemId: item.id,
    section: item.section,
    points: 1,
    total: 1,
    value,
  }))
  assert.deepEqual(valuesInOrder(own, values.toReversed()), [0.01, 0.01, 0.25, 0.25])
  assert.throws(
    () => valuesInOrder(own, values.slice(1)),
    (error: unknown) => error instanceof RlevError && error.message.includes('none for "a"'),
  )
})
