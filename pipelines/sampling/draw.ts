/**
 * Draws one token for each row from logits. A sampled token is the first whose cumulative probability exceeds
 * the row's uniform number (inverse CDF, float32, on the device). A row's token depends on no other row and on
 * no generator's state: equal numbers and logits give equal tokens. A token of probability 0 is never drawn.
 *
 * Shapes: N rows, V vocabulary.
 */
import { elementOfRows, select } from '../graph/kernels.js'
import { type Tensor, tf } from '../graph/tensorflow.js'

interface Drawn {
  /** [N] int32 */
  ids: Tensor
  /** log pi(token) under the distribution that is sampled, softmax(logits / temperature), [N]. */
  logProb: Tensor
  /** Entropy in nats of the same distribution, [N]. */
  entropy: Tensor
  /** P(EOS) of the same distribution, summed over the end-of-sequence tokens, [N]; null if not asked for. */
  eosProbability: Tensor | null
}

interface DrawOptions {
  /** [N, V] */
  logits: Tensor
  /** Divides the logits. */
  temperature: number
  /** [N, 1] in [0, 1), or below 0 for a row that takes its likeliest token; null if every row does. */
  uniforms: Tensor | null
  /** Whether some of the numbers may be below 0. */
  mixed: boolean
  /** [V], 1 at the end-of-sequence tokens; null if P(EOS) is not asked for. */
  eosTokens: Tensor | null
}

export function draw({ logits, temperature, uniforms, mixed, eosTokens }: DrawOptions): Drawn {
  const logs: Tensor = tf.logSoftmax((temperature === 1 ? logits : logits.div(temperature)) as never)
  const probabilities = logs.exp()
  const likeliest = (): Tensor => tf.argMax(logits, 1)
  const sampled = (numbers: Tensor): Tensor => inverseCdf(probabilities, numbers)
  const ids =
    uniforms === null
      ? likeliest()
      : mixed
        ? select(uniforms.reshape([-1]).less(0), likeliest(), sampled(uniforms))
        : sampled(uniforms)
  return {
    ids,
    logProb: elementOfRows(logs, ids),
    entropy: probabilities.mul(logs).sum(1).neg(),
    eosProbability: eosTokens === null ? null : probabilities.mul(eosTokens).sum(1),
  }
}

/**
 * min { i : p_0 + ... + p_i > u sum(p) }. A cumulative sum over a whole vocabulary is slow, so there are two
 * steps: the block of neighbours in which the sum passes u sum(p), then the token in the block. All comparisons
 * use the rounded sums, so that the result never passes the last token of positive probability.
 */
function inverseCdf(probabilities: Tensor, uniforms: Tensor): Tensor {
  const [rows, vocabulary] = probabilities.shape as [number, number]
  const width = blockWidth(vocabulary)
  const blocks = Math.ceil(vocabulary / width)
  const missing = blocks * width - vocabulary
  const filled =
    missing === 0
      ? probabilities
      : probabilities.pad([
          [0, 0],
          [0, missing],
        ])
  const byBlock = filled.reshape([rows, blocks, width])
  const sums = byBlock.sum(2)
  const { index: block, reached, before } = passedIn(sums, uniforms)
  const own = elementOfRows(byBlock, block).reshape([rows, width]) as Tensor
  const total = elementOfRows(sums, block).reshape([rows, 1]) as Tensor
  const share = reached
    .sub(before)
    .div(total)
    .clipByValue(0, 1 - 2 ** -24)
  return block.mul(tf.scalar(width, 'int32')).add(passedIn(own, share).index)
}

/**
 * The smallest divisor of the vocabulary between its square root and twice that, because then no block needs
 * padding. The root if there is no such divisor.
 */
function blockWidth(vocabulary: number): number {
  const root = Math.ceil(Math.sqrt(vocabulary))
  const widths = Array.from({ length: root + 1 }, (_, index) => root + index)
  return widths.find(width => vocabulary % width === 0) ?? root
}

/**
 * In weights [N, W]: the first index at which their cumulative sum passes a share of the total, that share, and
 * the sum before the index, [N, 1].
 */
function passedIn(weights: Tensor, share: Tensor): { index: Tensor; reached: Tensor; before: Tensor } {
  const width = weights.shape[1] as number
  const sums = tf.cumsum(weights, 1)
  const reached = share.mul(sums.slice([0, width - 1], [-1, 1]))
  const passed = tf.lessEqual(sums, reached)
  const before = sums.mul(passed as never).max(1, true)
  return { index: passed.sum(1), reached, before: before as Tensor }
}
