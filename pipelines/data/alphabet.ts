/** The characters that the tokenizer of a policy made from scratch needs. */
import type { DataConfig } from '../config/schema.js'
import { responseText } from './demonstrations.js'
import type { DataSet, Item } from './item.js'
import { alphabet } from './synthetic/prompts.js'

export { alphabet }

/**
 * Every character of prompts and responses, each once, in a fixed order. For a synthetic exam: the style's alphabet, then the
 * characters that only further test sets have; the policy has tokens for these and never saw them. For files: the characters
 * of their items in code point order, and those that the forms of a final answer need.
 */
export function alphabetOf({
  data,
  dataset,
}: {
  data: DataConfig
  dataset: Pick<DataSet, 'train' | 'test' | 'transfer'>
}): string[] {
  const transferred = Object.values(dataset.transfer ?? {}).flat()
  if (data.source === 'synthetic') {
    const own = alphabet(data.style)
    const others = new Set(transferred.flatMap(item => [...textsOf(item).join('')]))
    for (const character of own) others.delete(character)
    return [...own, ...inOrder(others)]
  }
  const characters = new Set<string>()
  for (const item of [...dataset.train, ...dataset.test, ...transferred]) {
    for (const character of textsOf(item).join('')) characters.add(character)
  }
  for (const place of ['after-hash', 'boxed', 'last-line', 'whole'] as const) {
    for (const character of responseText({ working: ' ', answer: '0', place })) characters.add(character)
  }
  return inOrder(characters)
}

function inOrder(characters: ReadonlySet<string>): string[] {
  return [...characters].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0))
}

function textsOf({ prompt, answer, working = '' }: Item): string[] {
  const said = typeof prompt === 'string' ? [prompt] : prompt.map(({ content }) => content)
  return [...said, answer, working]
}
