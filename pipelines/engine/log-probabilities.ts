/**
 * Log-probabilities of given responses: one teacher-forced pass over prompts and responses, without a gradient.
 */
import { given } from '../given.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Policy } from '../model/policy.js'
import { engineFor } from './engine-cache.js'
import { Learning } from './learning.js'
import { type BatchLimits, groupByPrompt, responseBatch, type Sequence } from './response-batch.js'
import { responseTensors } from './response-inputs.js'

/**
 * log pi of each token of each sequence at a temperature, which divides the logits. The prompt of neighbouring
 * sequences is read once. `limits` is the largest batch that the caller will pass, so that its calls share graphs.
 */
export function logProbsOf(
  policy: Policy,
  sequences: readonly Sequence[],
  { temperature = 1, limits }: { temperature?: number; limits?: BatchLimits } = {},
): number[][] {
  const engine = engineFor(policy)
  const groups = groupByPrompt(sequences, limits?.samples)
  const { padId } = policy.tokenizer
  const batch = responseBatch({
    groups,
    padId,
    lanes: engine.settings.lanes,
    ...given({ limits }),
  })
  const inputs = responseTensors(batch)
  const [logProbs] = engine.part(Learning).logProbabilities(batch.shape, temperature)(...inputs) as [Tensor]
  const data = logProbs.dataSync() as Float32Array
  tf.dispose([...inputs, logProbs])
  const { tokens: width } = batch.shape
  return sequences.map(({ tokens }, index) => {
    const start = (batch.rows[index] as number) * width
    return Array.from(data.subarray(start, start + tokens.length))
  })
}
