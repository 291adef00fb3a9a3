/**
 * Forward passes and gradients of the test's Tinker server, by rlev's engine: log-probabilities of any targets, and the sum of a loss
 * over data. Position i of the input predicts target i.
 *
 * Shapes: N data, T places of the longest.
 */
import { withEngine } from '../../pipelines/engine/engine-cache.js'
import { Learning, type Loss } from '../../pipelines/engine/learning.js'
import { type ResponseBatch, responseBatch } from '../../pipelines/engine/response-batch.js'
import { responseTensors } from '../../pipelines/engine/response-inputs.js'
import { type Tensor, tf } from '../../pipelines/graph/tensorflow.js'
import type { Policy } from '../../pipelines/model/policy.js'

export interface WireDatum {
  model_input: { chunks: { tokens: number[] }[] }
  loss_fn_inputs: Record<'target_tokens' | 'weights' | 'logprobs' | 'advantages', { data: number[] } | undefined>
}

/** By their names in the protocol. */
export const losses = {
  cross_entropy: {
    name: 'tinker cross_entropy',
    inputs: ['token'],
    of: (logProbs, mask, [weights]) =>
      logProbs
        .mul(weights as Tensor)
        .mul(mask)
        .sum()
        .neg(),
  },
  importance_sampling: {
    name: 'tinker importance_sampling',
    inputs: ['token', 'token', 'token'],
    of: (logProbs, mask, [weights, old, advantages]) =>
      logProbs
        .sub(old as Tensor)
        .exp()
        .mul(weights as Tensor)
        .mul(advantages as Tensor)
        .mul(mask)
        .sum()
        .neg(),
  },
} as const satisfies Record<string, Loss>

const inputsOf = { cross_entropy: ['weights'], importance_sampling: ['weights', 'logprobs', 'advantages'] } as const

export const tokensOf = ({ model_input: { chunks } }: WireDatum): number[] => chunks.flatMap(({ tokens }) => tokens)

const read = (datum: WireDatum, name: keyof WireDatum['loss_fn_inputs']): number[] => {
  const found = datum.loss_fn_inputs[name]?.data
  // As SkyRL has it: 1 everywhere, the prompt included.
  return found ?? (name === 'weights' ? tokensOf(datum).map(() => 1) : tokensOf(datum).map(() => 0))
}

export const weightOf = (datum: WireDatum): number => read(datum, 'weights').reduce((sum, weight) => sum + weight, 0)

/** The same data with targets that follow from the inputs and the last target. */
export function rebuilt(data: readonly WireDatum[]): WireDatum[] {
  return data.map(datum => {
    const target = read(datum, 'target_tokens')
    const data = [...tokensOf(datum).slice(1), target.at(-1) as number]
    return { ...datum, loss_fn_inputs: { ...datum.loss_fn_inputs, target_tokens: { data } } }
  })
}

function batchOf(policy: Policy, data: readonly WireDatum[]): ResponseBatch {
  const groups = data.map(datum => {
    const [first, ...rest] = tokensOf(datum)
    return [{ promptTokens: [first as number], tokens: [...rest, 0] }]
  })
  const batch = responseBatch({ groups, padId: policy.tokenizer.padId, lanes: policy.engine.lanes })
  batch.targets.set(perPlace(batch, data, 'target_tokens'))
  return batch
}

/** [N, T] */
function perPlace(batch: ResponseBatch, data: readonly WireDatum[], name: keyof WireDatum['loss_fn_inputs']) {
  const values = new Float32Array(batch.mask.length)
  for (const [index, datum] of data.entries()) {
    values.set(read(datum, name), (batch.rows[index] as number) * batch.shape.tokens)
  }
  return values
}

/** log pi of each target, by datum. */
export async function passForward(policy: Policy, data: readonly WireDatum[]): Promise<number[][]> {
  return withEngine(policy, async engine => {
    const batch = batchOf(policy, data)
    const inputs = responseTensors(batch)
    const [found] = engine.part(Learning).logProbabilities(batch.shape, 1)(...inputs) as [Tensor]
    const values = found.dataSync() as Float32Array
    tf.dispose([...inputs, found])
    return data.map((datum, index) => {
      const start = (batch.rows[index] as number) * batch.shape.tokens
      return Array.from(values.subarray(start, start + tokensOf(datum).length))
    })
  })
}

/** The gradient of the data's loss, each datum's times its factor. The caller disposes of it. */
export async function gradientOf(
  policy: Policy,
  data: readonly WireDatum[],
  { loss, factors }: { loss: keyof typeof losses; factors: readonly number[] },
): Promise<Map<string, Tensor>> {
  const scaled = data.map((datum, index) => {
    const weights = { data: read(datum, 'weights').map(weight => weight * (factors[index] as number)) }
    return { ...datum, loss_fn_inputs: { ...datum.loss_fn_inputs, weights } }
  })
  return withEngine(policy, async engine => {
    const learning = engine.part(Learning)
    const batch = batchOf(policy, scaled)
    const { prompts, tokens } = batch.shape
    const perToken = (values: Float32Array) => tf.tensor2d(values, [prompts, tokens])
    const inputs = [
      ...responseTensors(batch),
      perToken(batch.mask),
      perToken(new Float32Array(batch.mask.length)),
      ...inputsOf[loss].map(name => perToken(perPlace(batch, scaled, name))),
    ]
    learning.beginSum()
    const program = learning.gradient(batch.shape, { loss: losses[loss], temperature: 1, checkpointing: false })
    tf.dispose([...program(...inputs), ...inputs])
    return learning.gradients()
  })
}
