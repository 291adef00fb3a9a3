/**
 * Checks of a tokenizer.json of an unknown author. Its regular expressions may take arbitrarily long, which a
 * time limit bounds while they run (tokenizer.ts). Its replacements may make a text arbitrarily long, and the library
 * reads some settings otherwise than the Python library that trained the checkpoint. Both are refused here.
 */
import { RlevError } from '../errors.js'

/** Factor by which all replacements together may lengthen a text. Usually a space is replaced by one character. */
const maxGrowth = 100

/** Whether encoding and decoding need no time limit: byte-pair encoding without patterns. */
export function isPlain({ normalizer, pre_tokenizer: preTokenizer, added_tokens: added, model }: Json): boolean {
  const few = Array.isArray(added) && added.length <= 100
  const pairs = typeof model === 'object' && model !== null && 'type' in model && model.type === 'BPE'
  return few && pairs && (normalizer ?? null) === null && (preTokenizer ?? null) === null
}

type Json = Readonly<Record<string, unknown>>

/** Throws CheckpointInvalid, which names the part. */
export function refuseGrowth(tokenizer: Json, place: string): void {
  for (const part of ['normalizer', 'pre_tokenizer', 'decoder']) {
    const contents = replacementsIn(tokenizer[part])
    const growth = contents.reduce((product, content) => product * Math.max(1, content.length), 1)
    // The library takes `$` in a replacement as a reference to the match. Other libraries take it as a dollar
    // sign.
    const reads = contents.find(content => content.includes('$'))
    if (growth <= maxGrowth && reads === undefined) continue
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the tokenizer has replacements that are not supported',
      place: `${place}, ${part}`,
      expected: `replacements without $ that make a text at most ${maxGrowth} times as long`,
      found: reads === undefined ? `${growth} times` : JSON.stringify(reads.slice(0, 80)),
      remedy: 'use a checkpoint with the tokenizer that its family has',
    })
  }
}

/** Throws CheckpointInvalid for a setting that would give other ids than in Python. */
export function refuseUnlike(tokenizer: Json, place: string): void {
  const parts = [...partsIn(tokenizer['pre_tokenizer']), ...partsIn(tokenizer['decoder'])]
  const added = Array.isArray(tokenizer['added_tokens']) ? (tokenizer['added_tokens'] as Json[]) : []
  const splits = parts.filter(({ type }) => type === 'Split')
  const refused: readonly [part: string, setting: string, Json | undefined][] = [
    ['pre_tokenizer', 'Split with invert: true', splits.find(({ invert }) => invert === true)],
    ['pre_tokenizer', 'Split with behavior: Removed', splits.find(({ behavior }) => behavior === 'Removed')],
    ['pre_tokenizer', 'Metaspace with prepend_scheme: never', parts.find(neverPrepends)],
    ['added_tokens', 'a token with single_word: true', added.find(token => token?.['single_word'] === true)],
  ]
  for (const [part, setting, found] of refused) {
    if (found === undefined) continue
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: `the tokenizer has a setting that is not supported: ${setting}`,
      place: `${place}, ${part}`,
      expected: 'settings that give the same ids here and in Python',
      found: JSON.stringify(found).slice(0, 200),
      remedy: 'use a checkpoint with the tokenizer that its family has',
    })
  }
}

const neverPrepends = ({ type, prepend_scheme: scheme }: Json): boolean => type === 'Metaspace' && scheme === 'never'

/** A part and those inside it. */
function partsIn(part: unknown): Json[] {
  if (typeof part !== 'object' || part === null) return []
  const own = 'type' in part ? [part as Json] : []
  return [...own, ...Object.values(part).flatMap(partsIn)]
}

/** The contents of every `Replace` in a part, including those in sequences. */
function replacementsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return []
  const own = 'content' in part && typeof part.content === 'string' ? [part.content] : []
  return [...own, ...Object.values(part).flatMap(replacementsIn)]
}
