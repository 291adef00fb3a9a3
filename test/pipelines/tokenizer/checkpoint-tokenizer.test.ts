/** What published checkpoints do differently from each other, on copies of a fixture. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { RlevError } from '../../../pipelines/errors.js'
import { loadTokenizer } from '../../../pipelines/tokenizer/tokenizer-folder.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-tokenizer-'))
after(() => rmSync(root, { recursive: true }))

type Json = Record<string, unknown>
type Files = Partial<Record<'config' | 'generation_config' | 'tokenizer' | 'tokenizer_config', Json>>

/** The fixture with some keys of its files replaced. */
function tokenizerOf(changes: Files, template?: string) {
  const folder = mkdtempSync(join(root, 'folder-'))
  cpSync('test/fixtures/qwen2-tiny', folder, { recursive: true })
  for (const [name, keys] of Object.entries(changes)) {
    const path = join(folder, `${name}.json`)
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as Json), ...keys }))
  }
  if (template === undefined) rmSync(join(folder, 'chat_template.jinja'))
  else writeFileSync(join(folder, 'chat_template.jinja'), template)
  return loadTokenizer(folder, JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Json)
}

const messages = [{ role: 'user', content: '12' }]

/** As Llama's: a first token in front of a text. */
const addsFirst = {
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<|endoftext|>': { id: '<|endoftext|>', ids: [0], tokens: ['<|endoftext|>'] } },
  },
}

test('a text prompt gets the first token that the post-processor adds, once', async () => {
  const tokenizer = tokenizerOf({ tokenizer: addsFirst })
  const bare = tokenizer.encode('12')
  assert.deepEqual(await tokenizer.encodePrompt('12'), [0, ...bare])
  assert.deepEqual(await tokenizer.encodePrompt('<|endoftext|>12'), [0, ...bare])
  assert.deepEqual(tokenizerOf({}).encode('12'), bare)
  assert.deepEqual(await tokenizerOf({}).encodePrompt('12'), bare)
})

test('a chat template that writes the first token does not get two, and may read it from an object', async () => {
  const template = '{{ bos_token }}{{ messages[0].content }}'
  const object = { content: '<|endoftext|>', lstrip: false, normalized: false, rstrip: false, single_word: false }
  for (const bos of ['<|endoftext|>', object]) {
    const tokenizer = tokenizerOf({ tokenizer: addsFirst, tokenizer_config: { bos_token: bos } }, template)
    assert.deepEqual(await tokenizer.encodePrompt(messages), [0, ...tokenizer.encode('12')])
  }
})

test('of a list of chat templates the default one is used', async () => {
  const listed = [
    { name: 'tool_use', template: 'no' },
    { name: 'default', template: '{{ messages[0].content }}+' },
  ]
  const tokenizer = tokenizerOf({ tokenizer_config: { chat_template: listed } })
  assert.deepEqual(await tokenizer.encodePrompt(messages), tokenizer.encode('12+'))
})

test('a template with line ends of two characters gives newlines, as in Python', async () => {
  const tokenizer = tokenizerOf({}, '{{ messages[0].content }}\r\n=')
  assert.deepEqual(await tokenizer.encodePrompt(messages), tokenizer.encode('12\n='))
})

test('a response ends with any token that the config, the generation config or the tokenizer names', () => {
  const tokenizer = tokenizerOf({
    config: { eos_token_id: 7 },
    generation_config: { eos_token_id: [9, 7] },
    tokenizer_config: { eos_token: '<|im_end|>' },
  })
  assert.deepEqual(tokenizer.eosIds, [9, 7, 2])
  assert.deepEqual(tokenizerOf({}).eosIds, [2])
})

test('an id outside the vocabulary is refused, and named with its file', () => {
  for (const [changes, says] of [
    [{ generation_config: { eos_token_id: -1 } }, /generation_config\.json, eos_token_id[\s\S]*-1/],
    [{ config: { eos_token_id: [2, 640] } }, /[^_]config\.json, eos_token_id[\s\S]*from 0 to 639[\s\S]*640/],
    [{ config: { pad_token_id: -1 } }, /config\.json, pad_token_id[\s\S]*-1/],
    [{ config: { eos_token_id: '2' } }, /found: {4}"2"/],
  ] as const) {
    assert.throws(
      () => tokenizerOf(changes),
      (error: unknown) => error instanceof RlevError && error.kind === 'CheckpointInvalid' && says.test(error.message),
    )
  }
})

test('settings that the library reads otherwise than Python are refused when the folder is read', () => {
  const split = { type: 'Split', pattern: { String: ' ' }, behavior: 'Isolated', invert: false }
  const added = { id: 3, content: 'cat', lstrip: false, rstrip: false, normalized: false, special: false }
  for (const [tokenizer, says] of [
    [{ pre_tokenizer: { ...split, invert: true } }, /invert: true/],
    [{ pre_tokenizer: { type: 'Sequence', pretokenizers: [{ ...split, behavior: 'Removed' }] } }, /Removed/],
    [{ pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' } }, /never/],
    [{ added_tokens: [{ ...added, single_word: true }] }, /single_word/],
  ] as const) {
    assert.throws(
      () => tokenizerOf({ tokenizer }),
      (error: unknown) => error instanceof RlevError && says.test(error.message),
    )
  }
  assert.ok(tokenizerOf({ tokenizer: { pre_tokenizer: split } }).encode('12').length > 0)
})
