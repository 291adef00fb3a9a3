/**
 * Tokens of prompts, counted by the tokenizer of the policy: that of the checkpoint, or one token a character for a policy
 * from scratch. Of many items only those that may be the longest are encoded.
 */

import type { Item, Prompt } from '../data/item.js'
import type { PolicyTokenizer } from '../tokenizer/tokenizer.js'

/** Prompts that are encoded to find the longest. */
const COUNTED_PROMPTS = 32

/**
 * The item with the most tokens among those with the most bytes. Bytes of UTF-8 are nearer to tokens than characters are: a
 * Chinese character has three bytes, and often a token to itself. No items: a prompt of one token.
 */
export async function longestPrompt(
  items: readonly Item[],
  tokenizer: PolicyTokenizer,
): Promise<{ item: string; tokens: number }> {
  const sized = items.map(item => ({ item, bytes: bytesOf(item.prompt) }))
  const candidates = sized.toSorted((a, b) => b.bytes - a.bytes).slice(0, COUNTED_PROMPTS)
  let longest = { item: '', tokens: 1 }
  for (const { item } of candidates) {
    const tokens = (await tokenizer.encodePrompt(item.prompt)).length
    if (tokens > longest.tokens || longest.item === '') longest = { item: item.id, tokens: Math.max(1, tokens) }
  }
  return longest
}

/** Prompts whose tokens make a mean. */
const MEAN_OVER = 256

/** Mean number of tokens of a prompt, over evenly chosen items; 0 without items. */
export async function meanPromptTokens(items: readonly Item[], tokenizer: PolicyTokenizer): Promise<number> {
  const step = Math.max(1, items.length / MEAN_OVER)
  let [tokens, count] = [0, 0]
  for (let place = 0; place < items.length; place += step) {
    const { prompt } = items[Math.floor(place)] as Item
    tokens += (await tokenizer.encodePrompt(prompt)).length
    count++
  }
  return count === 0 ? 0 : tokens / count
}

function bytesOf(prompt: Prompt): number {
  const texts = typeof prompt === 'string' ? [prompt] : prompt.map(({ content }) => content)
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}
