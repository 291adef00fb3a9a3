/**
 * Where a response ends in text that was decoded with its special tokens, as OpenRLHF and slime send it. A run of rlev knows the tokens;
 * here their texts are looked for.
 */
export interface Ended {
  text: string
  finish: 'stop' | 'length'
}

/** End and padding tokens of common tokenizers. */
const commonEnds = [
  '<|im_end|>',
  '<|endoftext|>',
  '<|eot_id|>',
  '<|end_of_text|>',
  '<|end|>',
  '<|return|>',
  '<end_of_turn>',
  '<eos>',
  '<pad>',
  '</s>',
  '<｜end▁of▁sentence｜>',
] as const

/**
 * With `ends` given: what stands before the first of them; a response without one was cut at the limit. Otherwise common end tokens are
 * taken off its end, and whether it was cut is not known.
 */
export function endedResponse(text: string, ends: readonly string[]): Ended {
  if (ends.length === 0) return { text: withoutCommonEnds(text), finish: 'stop' }
  const places = ends.map(end => text.indexOf(end)).filter(place => place >= 0)
  return places.length === 0 ? { text, finish: 'length' } : { text: text.slice(0, Math.min(...places)), finish: 'stop' }
}

function withoutCommonEnds(text: string): string {
  let left = text
  for (;;) {
    const trimmed = left.trimEnd()
    const end = commonEnds.find(one => trimmed.endsWith(one))
    if (end === undefined) return left
    left = trimmed.slice(0, -end.length)
  }
}
