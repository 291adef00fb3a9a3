/**
 * The response in a query: prompt and response as one text, decoded from the tokens of both. The prompt that comes with it was never
 * encoded, so it can differ in white space and lack the token of the beginning.
 */

/** Characters before the prompt: a token of the beginning, or padding. */
const maxBefore = 20_000

/** What follows the prompt in the query, or null if the prompt is not there. */
export function afterPrompt(query: string, prompt: string): string | null {
  const at = query.slice(0, maxBefore + prompt.length).indexOf(prompt)
  if (at >= 0) return query.slice(at + prompt.length)
  const first = firstBlack(prompt, 0)
  if (first === prompt.length) return query
  // A prompt that is not found as it is begins at the same black character, after at most one token in angle brackets.
  const starts = [firstBlack(query, 0), firstBlack(query, tokenEnd(query))]
  for (const start of starts) {
    const end = endOfBlack(query, start, prompt)
    if (end !== null) return query.slice(end)
  }
  return null
}

/** The end of the prompt's last black character in the query, if all of them stand there from `start` on in order. */
function endOfBlack(query: string, start: number, prompt: string): number | null {
  let at = start
  for (let next = firstBlack(prompt, 0); next < prompt.length; next = firstBlack(prompt, next + 1)) {
    at = firstBlack(query, at)
    if (query[at] !== prompt[next]) return null
    at++
  }
  return at
}

function firstBlack(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at] as string)) at++
  return at
}

/** The end of a token such as `<s>` or `<|begin_of_text|>` at the start of the text. */
function tokenEnd(text: string): number {
  return /^\s*<[^<>\s]{1,40}>/.exec(text)?.[0].length ?? 0
}
