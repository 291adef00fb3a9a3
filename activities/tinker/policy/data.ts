/**
 * Sequences as the data of a pass: position i of the input predicts target i, so the input is the prompt and the response
 * without its last token. Places that predict a token of the prompt count nothing.
 */
import type { Sequence } from '../../../pipelines/engine/response-batch.js'
import type { Datum } from '../types.js'

/** `target`: one token at each place of the response instead of what was drawn, for the probability of that token. */
export function datumOf({ promptTokens, tokens }: Sequence, { target }: { target?: number } = {}): Datum {
  const before = promptTokens.slice(1)
  return {
    inputs: [...promptTokens, ...tokens.slice(0, -1)],
    targets: [...before, ...(target === undefined ? tokens : tokens.map(() => target))],
    weights: [...before.map(() => 0), ...tokens.map(() => 1)],
  }
}

/**
 * With the coefficients c of its tokens, times the factor that the reduction of the server asks for (training-way.ts). The term of importance_sampling is -A exp(log pi - log old), whose gradient is that of
 * -A log pi where log old is log pi itself.
 */
export function learningDatum(
  sequence: Sequence,
  { coefficients, current, factor }: { coefficients: readonly number[]; current: readonly number[]; factor: number },
): Datum {
  const before = sequence.promptTokens.slice(1).map(() => 0)
  return {
    ...datumOf(sequence),
    logProbs: [...before, ...current],
    advantages: [...before, ...coefficients.map(coefficient => coefficient * factor)],
  }
}
