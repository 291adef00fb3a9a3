/**
 * A batch of responses as inputs of a program, and as lanes within the program: parallel branches, each with
 * its share of the prompts.
 */

import { entropyOf, logProbabilityOf } from '../graph/kernels.js'
import type { Input } from '../graph/session.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import { type Decoder, divided, logitsOf, logProbabilitiesOf } from '../model/decoder.js'
import { readPrompts, readResponses } from '../model/forward.js'
import type { BatchShape, ResponseBatch } from './response-batch.js'

/** A batch's tensors, in the order of the inputs. Shapes as in ResponseBatch. */
export interface ResponseInputs {
  prefixIds: Tensor
  prefixLengths: Tensor
  ids: Tensor
  targets: Tensor
}

export function responseInputs({ prompts, samples, prefix, tokens }: BatchShape): Input[] {
  const rows = prompts * samples
  return [
    { shape: [prompts, prefix], type: 'int32' },
    { shape: [prompts], type: 'int32' },
    { shape: [rows, tokens], type: 'int32' },
    { shape: [rows, tokens], type: 'int32' },
  ]
}

/** The caller disposes of them. */
export function responseTensors({ shape, prefixIds, prefixLengths, ids, targets }: ResponseBatch): Tensor[] {
  const { prompts, samples, prefix, tokens } = shape
  const rows = prompts * samples
  return [
    tf.tensor2d(prefixIds, [prompts, prefix], 'int32'),
    tf.tensor1d(prefixLengths, 'int32'),
    tf.tensor2d(ids, [rows, tokens], 'int32'),
    tf.tensor2d(targets, [rows, tokens], 'int32'),
  ]
}

/** One lane's share of a tensor whose first axis is prompts or rows. */
export function shareOf(tensor: Tensor, lane: number, lanes: number): Tensor {
  if (lanes === 1) return tensor
  const [length, ...rest] = tensor.shape as [number, ...number[]]
  const size = length / lanes
  return tensor.slice([lane * size, ...rest.map(() => 0)], [size, ...rest])
}

/** Joins the lanes' shares along `axis`. */
export function wholeOf(shares: readonly Tensor[], axis: number): Tensor {
  return shares.length === 1 ? (shares[0] as Tensor) : tf.concat([...shares], axis)
}

interface ResponsePass {
  decoder: Decoder
  inputs: ResponseInputs
  bias: Tensor | null
  temperature: number
  /** Layers are computed again in the backward pass. */
  checkpointing?: boolean
}

/**
 * log pi of each response token, [N, T]. Entries past a response's end are meaningless. `bias` [V] is added to
 * the logits, to take tokens out of the distribution; the temperature divides them.
 */
export function responseLogProbabilities(pass: ResponsePass): Tensor {
  const { ids, targets } = pass.inputs
  return logProbabilitiesOf(pass.decoder, hiddenOf(pass), { ...pass, targets: flat(targets) }).reshape(ids.shape)
}

/** The same, and the entropy of the distribution that each token was drawn from, [N, T] in nats. */
export function responseDistributions(pass: ResponsePass): { logProbs: Tensor; entropy: Tensor } {
  const { decoder, bias, temperature, inputs } = pass
  const { ids, targets } = inputs
  const logits = divided(logitsOf(decoder, hiddenOf(pass), bias), temperature)
  return {
    logProbs: logProbabilityOf(logits, flat(targets)).reshape(ids.shape),
    entropy: entropyOf(logits).reshape(ids.shape),
  }
}

const flat = (x: Tensor): Tensor => x.reshape([x.size])

/** Hidden states of the response tokens, [N T, D]. */
function hiddenOf({ decoder, inputs: { prefixIds, prefixLengths, ids }, checkpointing = false }: ResponsePass): Tensor {
  return readResponses({
    decoder,
    lengths: prefixLengths,
    caches: readPrompts(decoder, prefixIds, checkpointing),
    ids,
    checkpointing,
  })
}
