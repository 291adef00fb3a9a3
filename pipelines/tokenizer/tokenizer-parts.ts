/**
 * What a tokenizer.json of a stranger may hold: patterns are expressions that somebody wrote, and replacements can make a text longer
 * at each turn. What follows from the first is bounded while it runs (tokenizer.ts), what follows from the second is refused here.
 */
import { RlevError } from '../errors.js'

/** By how much all replacements together may multiply a text. A space is usually replaced by one character. */
const mostGrowth = 100

/** Whether every text is encoded and decoded in a time that is known: single characters, without patterns. */
export function isPlain({ normalizer, pre_tokenizer: preTokenizer, added_tokens: added, model }: Json): boolean {
  const few = Array.isArray(added) && added.length <= 100
  const pairs = typeof model === 'object' && model !== null && 'type' in model && model.type === 'BPE'
  return few && pairs && (normalizer ?? null) === null && (preTokenizer ?? null) === null
}

type Json = Readonly<Record<string, unknown>>

/** Throws CheckpointInvalid, naming the part. */
export function refuseGrowth(tokenizer: Json, place: string): void {
  for (const part of ['normalizer', 'pre_tokenizer', 'decoder']) {
    const contents = replacementsIn(tokenizer[part])
    const growth = contents.reduce((product, content) => product * Math.max(1, content.length), 1)
    // In a replacement the library reads `$` as what was found or what stands around it, where others read a dollar.
    const reads = contents.find(content => content.includes('$'))
    if (growth <= mostGrowth && reads === undefined) continue
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the tokenizer has replacements that are not supported',
      place: `${place}, ${part}`,
      expected: `replacements without $ that make a text at most ${mostGrowth} times as long`,
      found: reads === undefined ? `${growth} times` : JSON.stringify(reads.slice(0, 80)),
      remedy: 'use a checkpoint with the tokenizer that its family has',
    })
  }
}

/** The contents of every `Replace` in a part, within sequences too. */
function replacementsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return []
  const own = 'content' in part && typeof part.content === 'string' ? [part.content] : []
  return [...own, ...Object.values(part).flatMap(replacementsIn)]
}
