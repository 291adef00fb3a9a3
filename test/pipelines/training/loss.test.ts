import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { policyGradientLoss } from '../../../pipelines/training/loss.js'

/**
 * Expected gradient, over the logits of V tokens, of the KL term of the loss: V responses of one token, each
 * weighted by its probability.
 */
function expectedGradient(estimator: 'k1' | 'k2' | 'k3', logits: number[], reference: number[]): number[] {
  return tf.tidy(() => {
    const column = (values: Tensor) => values.reshape([logits.length, 1]) as Tensor
    const probabilities = column(tf.softmax(tf.tensor1d(logits)))
    const loss = (variable: Tensor) =>
      policyGradientLoss({ kl: { estimator, coefficient: 1 } })
        .of(column(tf.logSoftmax(variable)), tf.ones([logits.length, 1]), [
          tf.zeros([logits.length, 1]),
          probabilities,
          column(tf.logSoftmax(tf.tensor1d(reference))),
        ])
        .asScalar()
    return [...tf.grad(loss)(tf.tensor1d(logits)).dataSync()]
  })
}

const softmax = (logits: number[]): number[] => {
  const powers = logits.map(Math.exp)
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map(power => power / sum)
}

const logits = [0.4, -1.2, 0.9, 0.1]
const reference = [-0.3, 0.5, 0.2, -0.8]
const pi = softmax(logits)
const ref = softmax(reference)

function agree(found: number[], expected: number[]): void {
  assert.equal(found.length, expected.length)
  for (const [index, value] of found.entries()) {
    assert.ok(Math.abs(value - (expected[index] as number)) < 1e-5, `${found} and ${expected}`)
  }
}

test('k1 in the loss has an expected gradient of zero, which is why a config with it is refused', () => {
  agree(expectedGradient('k1', logits, reference), [0, 0, 0, 0])
})

test('k2 in the loss has the expected gradient of KL(pi, ref)', () => {
  const d = pi.map((p, token) => Math.log(p / (ref[token] as number)))
  const divergence = pi.reduce((sum, p, token) => sum + p * (d[token] as number), 0)
  // d/d logit_j of sum_a pi_a log(pi_a / ref_a) = pi_j (d_j - divergence)
  agree(
    expectedGradient('k2', logits, reference),
    pi.map((p, token) => p * ((d[token] as number) - divergence)),
  )
})

test('k3 in the loss has the expected gradient of KL(ref, pi)', () => {
  // d/d logit_j of -sum_a ref_a log pi_a = pi_j - ref_j
  agree(
    expectedGradient('k3', logits, reference),
    pi.map((p, token) => p - (ref[token] as number)),
  )
})

for (const estimator of ['k1', 'k2', 'k3'] as const) {
  test(`${estimator} has no part in padding, however unlikely the token there is`, () => {
    // What stands after the end of a response can be a token that is never drawn, with log pi near -1e9.
    const { value, grad } = tf.valueAndGrad((logProbs: Tensor) =>
      policyGradientLoss({ kl: { estimator, coefficient: 1 } })
        .of(logProbs, tf.tensor2d([[1, 0]]) as unknown as Tensor, [
          tf.zeros([1, 1]),
          tf.ones([1, 1]),
          tf.tensor2d([[-0.5, 0]]) as unknown as Tensor,
        ])
        .asScalar(),
    )(tf.tensor2d([[-1, -1e9]]) as unknown as Tensor)
    const expected = { k1: -0.5, k2: 0.125, k3: Math.expm1(0.5) - 0.5 }[estimator]
    assert.ok(Math.abs((value.dataSync()[0] as number) - expected) < 1e-6, String(value.dataSync()[0]))
    assert.equal(Math.abs(grad.dataSync()[1] as number), 0)
  })
}
