import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { RlevError } from '../../../pipelines/errors.js'
import { noHooks } from '../../../pipelines/progress.js'
import { predictValues } from '../../../pipelines/training/predict-values.js'
import { normalizeValues } from '../../../pipelines/values/normalize.js'
import { foldsOf } from '../../../pipelines/values/predictor/folds.js'
import { parseScore, scoreText } from '../../../pipelines/values/predictor/points-text.js'
import { scorePrompt } from '../../../pipelines/values/predictor/prompt.js'
import { predictionQuality, wilson } from '../../../pipelines/values/predictor/quality.js'
import { tinyConfig, tinyPolicy } from '../model/tiny-policy.js'

const points = fc.double({ min: 1e-6, max: 1e6, noNaN: true }).map(value => Math.round(value * 1e6) / 1e6)

test('a score that is said as it is taught is read as it was', () => {
  fc.assert(fc.property(points, score => parseScore(scoreText(score), 1e6) === score))
})

test('whatever is no plain number above 0 and up to the total is no score', () => {
  for (const text of [
    '',
    ' ',
    '0',
    '0.0',
    '-1',
    '+1',
    '1e1',
    '0x2',
    '1,5',
    '1/2',
    '5 points',
    '٣',
    'NaN',
    '1.',
    '.5',
    '101',
    '1 2',
  ]) {
    assert.equal(parseScore(text, 100), null, JSON.stringify(text))
  }
  assert.equal(parseScore(' 100\n', 100), 100)
  fc.assert(
    fc.property(fc.string(), text => {
      const score = parseScore(text, 100)
      return score === null || (/^\s*[\d.]+\s*$/.test(text) && score > 0 && score <= 100)
    }),
  )
})

test('exams stay whole, every fold has some, and the same seed gives the same folds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(30), { minLength: 1 }),
      fc.integer({ min: 2, max: 5 }),
      fc.nat(),
      (exams, folds, seed) => {
        const items = exams.map(exam => ({ exam: `exam ${exam}` }))
        if (new Set(exams).size < folds) {
          assert.throws(
            () => foldsOf(items, folds, { seed }),
            (error: unknown) => error instanceof RlevError && error.kind === 'DataInvalid',
          )
          return
        }
        const found = foldsOf(items, folds, { seed })
        assert.deepEqual(foldsOf(items, folds, { seed }), found)
        assert.equal(new Set(found).size, folds)
        for (const exam of new Set(exams)) {
          assert.equal(new Set(found.filter((_, index) => exams[index] === exam)).size, 1)
        }
      },
    ),
  )
})

test('an instruction takes the place of a system message, and a policy from scratch is shown the question alone', () => {
  const chat = [
    { role: 'system', content: 'Answer.' },
    { role: 'user', content: 'Why?' },
  ]
  const [system, user] = scorePrompt({ prompt: chat, total: 60 }, true) as typeof chat
  assert.equal(system?.role, 'system')
  assert.match(system?.content ?? '', /60 points[\s\S]*above 0, at most 60/)
  assert.deepEqual(user, chat[1])
  assert.equal(scorePrompt({ prompt: '1+2=', total: 60 }, false), '1+2=')
  assert.match(String(scorePrompt({ prompt: '1+2=', total: 60 }, true)), /60 points[\s\S]*1\+2=[\s\S]*Points: $/)
})

// from scipy.stats import binomtest, pearsonr, spearmanr                                        (SciPy 1.17.1)
// ci = binomtest(3, 10).proportion_ci(0.95, method='wilson'); ci.low, ci.high -> 0.10779126740630102, 0.6032218525388546
// g = [1, 5, 8, 20, 1, 5]; p = [1, 5, 5, 20, 2, 8]
// pearsonr(g, p).statistic -> 0.961642752472703; spearmanr(g, p).statistic -> 0.8508410434878082
test('quality is exact match, correlations and what was no score, as SciPy has them', () => {
  const { low, high } = wilson(3, 10)
  assert.ok(Math.abs(low - 0.10779126740630102) < 1e-9 && Math.abs(high - 0.6032218525388546) < 1e-9, `${low} ${high}`)
  const given = [1, 5, 8, 20, 1, 5, 9]
  const predicted = [1, 5, 5, 20, 2, 8, null]
  const quality = predictionQuality(
    given.map((score, index) => ({ given: score, predicted: predicted[index] ?? null })),
  )
  assert.equal(quality.items, 7)
  assert.equal(quality.exactMatch, 3 / 7)
  assert.equal(quality.unparsed, 1 - 6 / 7)
  assert.ok(Math.abs((quality.pearson.r ?? 0) - 0.961642752472703) < 1e-9, `${quality.pearson.r}`)
  assert.ok(Math.abs((quality.spearman.r ?? 0) - 0.8508410434878082) < 1e-9, `${quality.spearman.r}`)
})

/** Sums of small numbers are worth 1, of large ones 5, in exams of eight. */
const items: Item[] = Array.from({ length: 96 }, (_, index) => {
  const large = index % 2 === 1
  const [a, b] = large ? [11 + (index % 80), 20 + (index % 70)] : [index % 5, index % 4]
  return {
    id: `item ${index}`,
    exam: `exam ${Math.floor(index / 8)}`,
    section: large ? 'large' : 'small',
    prompt: `${a}+${b}=`,
    answer: String(a + b),
    points: large ? 5 : 1,
    total: 24,
    weight: 1,
  }
})

function configOf(predictor: object) {
  return experimentSchema.parse({
    ...tinyConfig(),
    value: { ablation: 'predicted', predictor: { epochs: 12, batch: 16, learningRate: 5e-3, ...predictor } },
    reward: { scale: 'human-aligned' },
  })
}

function predict(of: readonly Item[], predictor: object = {}) {
  return predictValues({
    config: configOf(predictor),
    items: of,
    values: normalizeValues(of, { alpha: 10 }).values,
    open: async () => tinyPolicy(),
    hooks: noHooks,
  })
}

test('a predictor learns what the points follow from, and says it of exams that it was not shown; the same bits each time', async () => {
  const { values, quality } = await predict(items)
  assert.ok(quality.exactMatch > 0.9, `${quality.exactMatch}`)
  assert.ok((quality.pearson.r ?? 0) > 0.8, `${quality.pearson.r}`)
  for (const { points: own, total, value } of values)
    assert.ok(value > 0 && value <= 1 && Math.abs(own / total - value) < 1e-12)
  assert.deepEqual(await predict(items), { values, quality })
})

test('what is predicted for an exam does not depend on the points of its own fold', async () => {
  const foldOf = foldsOf(items, 2, configOf({}))
  const changed = items.map((item, index) => (foldOf[index] === 0 ? { ...item, points: item.points + 2 } : item))
  const before = (await predict(items)).values
  const after = (await predict(changed)).values
  const same = items.map((_, index) => before[index]?.points === after[index]?.points)
  assert.ok(same.every((equal, index) => equal || foldOf[index] === 1))
  assert.ok(same.some((equal, index) => !equal && foldOf[index] === 1))
})

test('an item whose response is no score has the mean value of what its predictor was shown', async () => {
  // Untaught, the policy says what it happens to say.
  const { values, quality } = await predict(items, { epochs: 1, learningRate: 1e-9, maxTokens: 1 })
  assert.equal(quality.unparsed, 1)
  assert.deepEqual([quality.pearson.r, quality.exactMatch], [null, 0])
  for (const { value } of values) assert.ok(Math.abs(value - 3 / 24) < 1e-12, `${value}`)
})
