import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transmission } from '../../../pipelines/advantages/transmission.js'
import { type EstimatorName, experimentSchema } from '../../../pipelines/config/schema.js'
import type { ItemOutcome } from '../../../pipelines/evaluation/evaluation.js'
import { predictedSignals } from '../../../pipelines/evaluation/predicted-transmission.js'

const sections = ['cheap', 'dear'] as const
/** Ten items of a section, the dear ones worth ten times as much. */
const items = sections.flatMap(section =>
  Array.from({ length: 10 }, (_, index) => ({ id: `${section} ${index}`, section })),
)
const values = items.map(({ id, section }) => {
  const points = section === 'dear' ? 10 : 1
  return { itemId: id, section, points, total: 100, value: points / 100 }
})

const configOf = (name: EstimatorName, more: object = {}) =>
  experimentSchema.parse({
    name: 'predicted',
    steps: 40,
    estimator: { name, allowCancelled: true },
    rollout: { prompts: 16, samples: 4 },
    evaluation: { samples: 4 },
    kl: { place: 'none' },
    ...more,
  })

/** Of four answers to an item, so many are right. */
const evaluated = (step: number, right: Readonly<Record<(typeof sections)[number], number>>) => ({
  step,
  outcomes: items.map(({ id, section }): ItemOutcome => {
    const answer = (correct: boolean) => ({ verdict: correct ? ('correct' as const) : ('wrong' as const), length: 3 })
    const samples = [0, 1, 2, 3].map(index => answer(index < right[section]))
    return { itemId: id, greedy: { ...answer(true), text: '' }, samples }
  }),
})

const predicted = (name: EstimatorName, evaluations: ReturnType<typeof evaluated>[], more: object = {}) =>
  predictedSignals({ config: configOf(name, more), train: items, values, test: items, evaluations })

const fromAnswers = (name: EstimatorName, evaluations: ReturnType<typeof evaluated>[]) =>
  transmission(predicted(name, evaluations)?.answers ?? [])?.transmission ?? Number.NaN

test('where the baseline is the prompt’s own, what the policy answers changes nothing: 1 for rloo, 0 for grpo', () => {
  const evaluations = [evaluated(0, { cheap: 1, dear: 1 }), evaluated(40, { cheap: 3, dear: 2 })]
  assert.ok(Math.abs(fromAnswers('rloo', evaluations) - 1) < 1e-9)
  assert.ok(Math.abs(fromAnswers('grpo', evaluations)) < 1e-9)
})

test('where the baseline is the batch’s, a policy that has learned the cheap items widens the ratio of advantages', () => {
  const unlearned = fromAnswers('reinforce++', [
    evaluated(0, { cheap: 2, dear: 2 }),
    evaluated(40, { cheap: 2, dear: 2 }),
  ])
  const learned = fromAnswers('reinforce++', [
    evaluated(0, { cheap: 4, dear: 2 }),
    evaluated(40, { cheap: 4, dear: 2 }),
  ])
  assert.ok(learned > unlearned + 0.2, `${learned} after ${unlearned}`)
})

test('an evaluation stands for half the steps to its neighbours on either side', () => {
  const signal = (evaluations: ReturnType<typeof evaluated>[]) =>
    (predicted('rloo', evaluations)?.answers ?? []).reduce((sum, { top }) => sum + top.without, 0)
  // All right: without a signal.
  const none = { cheap: 4, dear: 4 }
  const some = { cheap: 2, dear: 2 }
  const whole = signal([evaluated(0, some), evaluated(10, some), evaluated(40, some)])
  const of = (place: number) =>
    signal([0, 10, 40].map((step, index) => evaluated(step, index === place ? some : none))) / whole
  assert.deepEqual(
    [0, 1, 2].map(place => Math.round(1e9 * of(place)) / 1e9),
    [5 / 40, 20 / 40, 15 / 40],
  )
})

test('nothing is predicted from fewer answers an item than samples a prompt in training, nor for an arm without scales', () => {
  const evaluations = [evaluated(0, { cheap: 2, dear: 2 }), evaluated(40, { cheap: 2, dear: 2 })]
  const few = predicted('rloo', evaluations, { evaluation: { samples: 3 } })
  assert.deepEqual(few?.answers, [])
  assert.ok((few?.plan.length ?? 0) > 0)
  assert.equal(predicted('rloo', evaluations, { reward: { scale: 'correctness' } }), null)
  assert.equal(predicted('rloo', evaluations, { steps: 0 }), null)
})

test('experiments of other seeds draw other prompts, so that the error over seeds is not told too small', () => {
  const evaluations = [evaluated(0, { cheap: 2, dear: 3 }), evaluated(40, { cheap: 2, dear: 3 })]
  const answersOf = (seed: number) => predicted('reinforce++', evaluations, { seed })?.answers
  assert.deepEqual(answersOf(1), answersOf(1))
  assert.notDeepEqual(answersOf(1), answersOf(2))
})
