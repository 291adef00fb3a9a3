/** The loss with its options against PyTorch's autograd: value, gradient over the logits, and what is measured beside it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entropyOf, logProbabilityOf } from '../../../pipelines/graph/kernels.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { importanceWeights } from '../../../pipelines/training/importance.js'
import { type LossRow, policyGradientLoss } from '../../../pipelines/training/loss.js'
import { golden } from './golden.js'

const { losses } = golden
const [rows, tokens, vocabulary] = losses.shape

function near(found: ArrayLike<number>, expected: readonly number[], what: string): void {
  assert.equal(found.length, expected.length)
  for (const [index, value] of expected.entries()) {
    assert.ok(Math.abs((found[index] as number) - value) < 2e-6, `${what} ${index}: ${found[index]} is not ${value}`)
  }
}

for (const { name, options, loss: expected, gradient, clipped, divergence } of losses.cases) {
  test(`${name}: loss and gradient are PyTorch's`, () => {
    const { clip, cap, entropy } = options
    const loss = policyGradientLoss({ clip, importance: cap !== null, entropyCoefficient: entropy })
    const batch = losses.advantages.map(
      (advantage, row): LossRow => ({
        promptTokens: [0],
        tokens: losses.targets[row] as number[],
        advantage,
        weight: losses.weights[row] as number,
        logProbs: losses.sampled[row] as number[],
        oldLogProbs: losses.old[row] as number[],
        ...(cap === null
          ? {}
          : { importance: importanceWeights(losses.old[row] as number[], losses.sampled[row] as number[], cap) }),
      }),
    )
    tf.tidy(() => {
      const inputs = loss.inputs.map((kind, input) => {
        const values = batch.map(row => loss.read[input]?.(row))
        return kind === 'row'
          ? tf.tensor2d(values as number[], [rows, 1])
          : (tf.tensor2d(values as number[][]) as unknown as Tensor)
      }) as Tensor[]
      const mask = tf.tensor2d(losses.mask)
      const targets = tf.tensor1d(losses.targets.flat(), 'int32')
      const logProbsOf = (logits: Tensor) => logProbabilityOf(logits, targets).reshape([rows, tokens])
      const { value, grad } = tf.valueAndGrad((logits: Tensor) =>
        loss
          .of(
            logProbsOf(logits),
            mask as unknown as Tensor,
            inputs,
            entropy > 0 ? (entropyOf(logits).reshape([rows, tokens]) as Tensor) : undefined,
          )
          .asScalar(),
      )(tf.tensor2d(losses.logits, [rows * tokens, vocabulary]) as unknown as Tensor)
      near(value.dataSync(), [expected], 'loss')
      near(grad.dataSync(), gradient, 'gradient')
      const measures = loss.measures?.(
        logProbsOf(tf.tensor2d(losses.logits, [rows * tokens, vocabulary]) as unknown as Tensor),
        mask as unknown as Tensor,
        inputs,
      )
      const wanted = [clipped, divergence].filter(one => one !== null)
      assert.equal(measures?.length, wanted.length)
      for (const [index, one] of wanted.entries()) near(measures?.[index]?.dataSync() ?? [], one, `measure ${index}`)
    })
  })
}
