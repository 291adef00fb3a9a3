/**
 * The derivative of the policy-gradient objective in the logit of EOS at one position of each response: how a
 * training step changes the decision to end there. A number that is 0 is added to the logit, and autograd
 * differentiates the objective in that number.
 *
 * Shapes: N responses, T tokens, V vocabulary.
 */

import type { Engine } from '../../pipelines/engine/engine.js'
import type { BatchShape } from '../../pipelines/engine/response-batch.js'
import { responseInputs } from '../../pipelines/engine/response-inputs.js'
import { logProbabilityOf } from '../../pipelines/graph/kernels.js'
import type { Input, Program } from '../../pipelines/graph/session.js'
import { type Tensor, tf } from '../../pipelines/graph/tensorflow.js'
import { logitsOf } from '../../pipelines/model/decoder.js'
import { readPrompts, readResponses } from '../../pipelines/model/forward.js'
import { endingTokens, undrawnBias } from '../../pipelines/tokenizer/special-tokens.js'

/**
 * Inputs: those of a batch; 1 at the position of the logit, and 1 at the tokens that count, [N, T] each; the
 * weight of each response, [N, 1]. Output: d/dz_e of the sum of weight log pi, [].
 */
export function eosDerivative(engine: Engine, shape: BatchShape): Program {
  const name = `EOS derivative ${JSON.stringify(shape)}`
  const rows = shape.prompts * shape.samples
  const perToken: Input = { shape: [rows, shape.tokens] }
  const inputs = [...responseInputs(shape), perToken, perToken, { shape: [rows, 1] }]
  return engine.program(name, () =>
    engine.session.compile({
      name,
      inputs,
      run: (...given) => {
        const [prefixIds, lengths, ids, targets, place, counted, weights] = given as Seven
        const { vocabulary } = engine.architecture
        const decoder = engine.mergedDecoder()
        const hidden = readResponses({ decoder, lengths, caches: readPrompts(decoder, prefixIds), ids })
        const logits = logitsOf(decoder, hidden, undrawnBias(engine.tokens.undrawn, vocabulary))
        const ending = endingTokens(engine.tokens, vocabulary).reshape([1, vocabulary])
        const moved = place.reshape([rows * shape.tokens, 1]).mul(ending)
        const objective = (delta: Tensor) =>
          logProbabilityOf(logits.add(moved.mul(delta)), targets.reshape([rows * shape.tokens]))
            .reshape([rows, shape.tokens])
            .mul(counted)
            .mul(weights)
            .sum()
        return [tf.grad(objective as never)(tf.scalar(0))]
      },
    }),
  )
}

type Seven = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
