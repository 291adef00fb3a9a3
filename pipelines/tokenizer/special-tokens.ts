/**
 * The tokens that end a response, and the ids that are never drawn: padding, and rows of the vocabulary without a
 * token. They are not part of the policy's distribution: sampling, log-probabilities and entropy all leave them out,
 * so that the sampled distribution is the differentiated one.
 */
import { type Tensor, tf } from '../graph/tensorflow.js'
import { contentOf, type PolicyTokenizer } from './tokenizer.js'

/** Finite, so that probability times log-probability is 0 and not NaN. */
const excluded = -1e9

/** Found once for a tokenizer, since a vocabulary may have 150,000 ids. */
const undrawnOf = new WeakMap<object, readonly number[]>()

/** In ascending order. Padding that is also an end-of-sequence token must be drawn. */
export function undrawnIds(
  tokenizer: Pick<PolicyTokenizer, 'padId' | 'eosIds' | 'hasToken'>,
  vocabulary: number,
): readonly number[] {
  const known = undrawnOf.get(tokenizer)
  if (known !== undefined) return known
  const { padId, eosIds, hasToken } = tokenizer
  const ids = Array.from({ length: vocabulary }, (_, id) => id)
  const undrawn = ids.filter(id => !eosIds.includes(id) && (id === padId || !hasToken(id)))
  undrawnOf.set(tokenizer, undrawn)
  return undrawn
}

/** [V] to add to the logits; null if every id may be drawn. */
export function undrawnBias(undrawn: readonly number[], vocabulary: number): Tensor | null {
  if (undrawn.length === 0) return null
  const values = new Float32Array(vocabulary)
  for (const id of undrawn) values[id] = excluded
  return tf.tensor1d(values)
}

/**
 * The token that ends a response that is taught: the tokenizer's `eos_token` where responses end with it. Checkpoints
 * of chat models name several ends, and the first need not be that of a turn.
 */
export function turnEndId({ eosIds, files }: Pick<PolicyTokenizer, 'eosIds' | 'files'>): number {
  const named = contentOf(files.config['eos_token'])
  const added = files.tokenizer['added_tokens']
  const ids = (Array.isArray(added) ? added : []).flatMap((token: { id?: unknown; content?: unknown }) =>
    token.content === named && eosIds.includes(token.id as number) ? [token.id as number] : [],
  )
  return ids[0] ?? (eosIds[0] as number)
}

/** 1 for the tokens that end a response, [V]. */
export function endingTokens({ eosIds }: Pick<PolicyTokenizer, 'eosIds'>, vocabulary: number): Tensor {
  const values = new Float32Array(vocabulary)
  for (const id of eosIds) values[id] = 1
  return tf.tensor1d(values)
}
