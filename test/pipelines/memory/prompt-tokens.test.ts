/** Tokens of prompts by the tokenizer of the policy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { plannedTokenizer } from '../../../pipelines/memory/planned-tokenizer.js'
import { longestPrompt, meanPromptTokens } from '../../../pipelines/memory/prompt-tokens.js'

const itemOf = (id: string, prompt: Item['prompt']): Item => ({ id, prompt, answer: '1' }) as Item
const { data, policy } = experimentSchema.parse({ name: 'a' })
const none = { train: [], test: [] }

test('a checkpoint counts by its own tokenizer, a policy from scratch by characters', async () => {
  const text = 'Anna has 13 apples and Ben gives her 5 more.'
  const items = [itemOf('short', 'Anna'), itemOf('long', text)]
  const own = plannedTokenizer({ data, policy: { from: 'checkpoint', path: 'test/fixtures/qwen2-tiny' } }, none)
  const { tokens, item } = await longestPrompt(items, own)
  assert.deepEqual([item, tokens], ['long', (await own.encodePrompt(text)).length])
  assert.ok(tokens < text.length, `${tokens} tokens`)
  const scratch = plannedTokenizer({ data, policy }, none)
  assert.equal((await longestPrompt([itemOf('a', '1+1='), itemOf('b', '1+10=')], scratch)).tokens, 5)
  assert.equal(await meanPromptTokens([itemOf('a', '1+1='), itemOf('b', '1+10=')], scratch), 4.5)
  assert.deepEqual(await longestPrompt([], scratch), { item: '', tokens: 1 })
})

test('the longest is by tokens, not by characters', async () => {
  const own = plannedTokenizer({ data, policy: { from: 'checkpoint', path: 'test/fixtures/qwen2-tiny' } }, none)
  const items = [itemOf('english', 'the the the the the the'), itemOf('chinese', '求函数最大值的点')]
  const counts = await Promise.all(items.map(async ({ prompt }) => (await own.encodePrompt(prompt)).length))
  assert.ok((counts[1] as number) > (counts[0] as number))
  assert.equal((await longestPrompt(items, own)).item, 'chinese')
})

test('a mean is over evenly chosen items of many', async () => {
  const scratch = plannedTokenizer({ data, policy }, none)
  const items = Array.from({ length: 1000 }, (_, index) => itemOf(String(index), '1'.repeat(1 + (index % 2))))
  const mean = await meanPromptTokens(items, scratch)
  assert.ok(mean >= 1 && mean <= 2, String(mean))
})
