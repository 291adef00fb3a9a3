import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { RlevError } from '../../../pipelines/errors.js'
import { characterTokenizer, encodeWhole, makeTokenizer } from '../../../pipelines/tokenizer/tokenizer.js'

const characters = [...'0123456789+*=# 加等于？\n']
const tokenizer = characterTokenizer(characters)

test('a text of the alphabet is encoded as one token for each character, and decoded again', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...characters)), text => {
      const ids = tokenizer.encode(text.join(''))
      assert.deepEqual(
        ids,
        text.map(character => characters.indexOf(character)),
      )
      assert.equal(tokenizer.decode(ids), text.join(''))
    }),
  )
})

test('padding and the end of a sequence follow the alphabet and decode to no text', () => {
  assert.equal(tokenizer.padId, characters.length)
  assert.deepEqual(tokenizer.eosIds, [characters.length + 1])
  assert.equal(tokenizer.decode([1, 2, tokenizer.eosIds[0] as number, tokenizer.padId]), '12')
})

test('a character that the vocabulary lacks is named, not dropped', () => {
  assert.deepEqual(encodeWhole(tokenizer, '1+1=', 'row 1'), tokenizer.encode('1+1='))
  assert.throws(
    () => encodeWhole(tokenizer, '1+x=', 'row 7'),
    (error: unknown) => error instanceof RlevError && /row 7/.test(error.message) && /"x"/.test(error.message),
  )
})

test('chat messages go through the template, and without a template their text is joined', async () => {
  const read = (name: string) => readFileSync(`test/fixtures/qwen2-tiny/${name}`, 'utf8')
  const files = {
    tokenizer: JSON.parse(read('tokenizer.json')) as Record<string, unknown>,
    config: JSON.parse(read('tokenizer_config.json')) as Record<string, unknown>,
  }
  const messages = [{ role: 'user', content: 'What is 12 + 30?' }]
  const rendered = '<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\n'
  const bare = makeTokenizer({ files, eosIds: [2], padId: 0 })
  const beside = makeTokenizer({
    files: { ...files, chatTemplate: read('chat_template.jinja') },
    eosIds: [2],
    padId: 0,
  })
  const inside = makeTokenizer({
    files: { ...files, config: { ...files.config, chat_template: read('chat_template.jinja') } },
    eosIds: [2],
    padId: 0,
  })
  assert.deepEqual(await beside.encodePrompt(messages), bare.encode(rendered))
  assert.deepEqual(await inside.encodePrompt(messages), bare.encode(rendered))
  assert.deepEqual(await bare.encodePrompt(messages), bare.encode('What is 12 + 30?'))
})

test('a special token inside a response is shown, and spaces before punctuation stay', () => {
  const read = (name: string) => JSON.parse(readFileSync(`test/fixtures/qwen2-tiny/${name}`, 'utf8'))
  const made = makeTokenizer({
    files: { tokenizer: read('tokenizer.json'), config: read('tokenizer_config.json') },
    eosIds: [2],
    padId: 0,
  })
  const [one, two] = [made.encode('1'), made.encode('2')]
  assert.equal(made.decode([...one, 1, ...two, 2]), '1<|im_start|>2')
  assert.equal(made.decode([...made.encode('x != y , z .'), 2, 0]), 'x != y , z .')
  assert.deepEqual([599, 600, 639].map(made.hasToken), [true, false, false])
})
