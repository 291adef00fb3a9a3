/** The loss as one coefficient a token: against PyTorch's gradients, and against the gradient of the loss on tensors, for every option that has the form. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StepRecord } from '../../../pipelines/advantages/records.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { coefficientsOf, type RowCoefficients } from '../../../pipelines/training/coefficients.js'
import { importanceWeights } from '../../../pipelines/training/importance.js'
import { type LossRow, type LossTerms, policyGradientLoss, responseWeights } from '../../../pipelines/training/loss.js'
import { tinyConfig } from '../model/tiny-policy.js'
import { golden } from './golden.js'

const { losses } = golden
const [rows, tokens, vocabulary] = losses.shape
const lengths = losses.mask.map(mask => mask.reduce((sum, one) => sum + one, 0))

function near(found: readonly number[], expected: readonly number[], what: string, tolerance = 2e-6): void {
  assert.equal(found.length, expected.length, what)
  for (const [index, value] of expected.entries()) {
    const gap = Math.abs((found[index] as number) - value)
    assert.ok(gap < tolerance, `${what} ${index}: ${found[index]} is not ${value}`)
  }
}

/** log softmax of each place, by row. */
const distributions = Array.from({ length: rows }, (_, row) =>
  Array.from({ length: tokens }, (__, token) => {
    const at = (row * tokens + token) * vocabulary
    const logits = losses.logits.slice(at, at + vocabulary)
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
    return logits.map(logit => logit - total)
  }),
)
const current = distributions.map((row, index) =>
  row.map((place, token) => place[losses.targets[index]?.[token] as number] as number),
)

/** Each row with its own length, padding left out. */
function rowsFor(cap: number | null): LossRow[] {
  return losses.advantages.map((advantage, row): LossRow => {
    const cut = (values: readonly number[][]) => (values[row] as number[]).slice(0, lengths[row])
    return {
      promptTokens: [0],
      tokens: cut(losses.targets),
      advantage,
      weight: losses.weights[row] as number,
      logProbs: cut(losses.sampled),
      oldLogProbs: cut(losses.old),
      referenceLogProbs: cut(losses.old).map((value, token) => value - 0.3 + 0.1 * token),
      ...(cap === null ? {} : { importance: importanceWeights(cut(losses.old), cut(losses.sampled), cap) }),
    }
  })
}

const sumOf = (parts: readonly RowCoefficients[], read: (part: RowCoefficients) => number) =>
  parts.reduce((sum, part) => sum + read(part), 0)

for (const { name, options, loss, gradient, clipped, divergence } of losses.cases) {
  test(`${name}: coefficients ${options.entropy > 0 ? 'are refused' : "have PyTorch's loss and gradient"}`, () => {
    const { clip, cap, entropy } = options
    const terms: LossTerms = { clip, importance: cap !== null, entropyCoefficient: entropy }
    const each = () => rowsFor(cap).map((row, index) => coefficientsOf(row, current[index] as number[], terms))
    if (entropy > 0) {
      assert.throws(each, { kind: 'CallInvalid', message: /entropy/ })
      return
    }
    const parts = each()
    near([sumOf(parts, part => part.loss)], [loss], 'loss')
    const overLogits = distributions.flatMap((row, index) =>
      row.flatMap((place, token) =>
        // d log softmax_target / d logit = 1_target - p
        place.map(
          (log, id) =>
            -(parts[index]?.coefficients[token] ?? 0) *
            ((id === losses.targets[index]?.[token] ? 1 : 0) - Math.exp(log)),
        ),
      ),
    )
    near(overLogits, gradient, 'gradient')
    const wanted = [clipped, divergence].filter(one => one !== null)
    for (const [measure, values] of wanted.entries()) {
      near(
        parts.map(({ measured }) => measured[measure] as number),
        values,
        `measure ${measure}`,
      )
    }
  })
}

/** dL / d log pi of the loss on tensors [N, T], by TensorFlow. */
function gradientOf(batch: readonly LossRow[], terms: LossTerms): { loss: number; gradient: number[][] } {
  const loss = policyGradientLoss(terms)
  const padded = (values: readonly number[]) => [...values, ...new Array<number>(tokens - values.length).fill(0)]
  return tf.tidy(() => {
    const inputs = loss.inputs.map((kind, input) => {
      const values = batch.map(row => loss.read[input]?.(row))
      return kind === 'row'
        ? tf.tensor2d(values as number[], [rows, 1])
        : (tf.tensor2d((values as number[][]).map(padded)) as unknown as Tensor)
    }) as Tensor[]
    const mask = tf.tensor2d(losses.mask) as unknown as Tensor
    const { value, grad } = tf.valueAndGrad((logProbs: Tensor) => loss.of(logProbs, mask, inputs).asScalar())(
      tf.tensor2d(current) as unknown as Tensor,
    )
    const found = [...grad.dataSync()]
    return {
      loss: value.dataSync()[0] as number,
      gradient: Array.from({ length: rows }, (_, row) => found.slice(row * tokens, (row + 1) * tokens)),
    }
  }) as unknown as { loss: number; gradient: number[][] }
}

const clip = { clipLow: 0.2, clipHigh: 0.3, dualClip: 1.5 }
const kls = (['k1', 'k2', 'k3'] as const).map(estimator => ({ estimator, coefficient: 0.4 }))
const combinations: LossTerms[] = [null, clip].flatMap(one =>
  [false, true].flatMap(importance => [null, ...kls].map(kl => ({ clip: one, importance, kl }))),
)

for (const terms of combinations) {
  const { kl, importance } = terms
  const name = [kl?.estimator ?? 'no divergence', terms.clip ? 'clipped' : 'no ratio', importance ? 'weighted' : '']
  for (const aggregation of ['sequence-sum', 'sequence-mean', 'token-mean'] as const) {
    test(`coefficients are the gradient of the loss on tensors: ${name.join(', ')}, ${aggregation}`, () => {
      const records = lengths.map(
        (length, row): StepRecord => ({
          ...{ itemId: 'i', sample: row, verdict: 'correct', value: 0.1, reward: 1, length, scale: 1 + row / 10 },
          advantage: losses.advantages[row] as number,
          // A masked response counts in the divisors and has no gradient.
          ...(row === 4 ? { masked: true } : {}),
        }),
      )
      const config = tinyConfig({ update: { aggregation }, value: { site: 'loss' } })
      const weights = responseWeights(records, config)
      const batch = rowsFor(importance ? 1.2 : null).map((row, index) => ({ ...row, weight: weights[index] as number }))
      const expected = gradientOf(batch, terms)
      const parts = batch.map((row, index) => coefficientsOf(row, current[index] as number[], terms))
      near([sumOf(parts, part => part.loss)], [expected.loss], 'loss', 1e-5)
      for (const [row, { coefficients }] of parts.entries()) {
        const wanted = (expected.gradient[row] as number[]).slice(0, lengths[row]).map(value => -value)
        near(coefficients, wanted, `row ${row}`, 1e-5)
      }
    })
  }
}
