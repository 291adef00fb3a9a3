/** Examples of many, in one sentence. */

export const maxExamples = 3

/** `a; b; c; ...`: the first few examples, and a sign if there are more. */
export function someOf(examples: readonly string[], count = examples.length): string {
  return `${examples.slice(0, maxExamples).join('; ')}${count > maxExamples ? '; ...' : ''}`
}
