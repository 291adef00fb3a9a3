import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { blockTypes, valuesOfBlocks } from '../../../../pipelines/checkpoint/gguf/blocks.js'

/** Made by test/fixtures/gguf/make.py. */
const blocks = JSON.parse(readFileSync('test/fixtures/gguf/blocks.json', 'utf8')) as Record<
  string,
  { type: number; bytes: string; values: string }
>

for (const [name, { type, bytes, values }] of Object.entries(blocks)) {
  test(`${name}: values have the bits of the Python package`, () => {
    const found = blockTypes.get(type)
    assert.equal(found?.name, name)
    if (found === undefined) return
    const read = valuesOfBlocks(Buffer.from(bytes, 'base64'), found)
    assert.deepEqual(Buffer.from(read.buffer).toString('base64'), values)
  })
}
