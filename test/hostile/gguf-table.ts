/** GGUF files: counts and lengths beyond the file, tensors that lie elsewhere or on each other, keys of other kinds, weights that are not finite. */
import { execFileSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GgufParts, ggufBytes, u32, u64, withTensor } from '../pipelines/checkpoint/gguf/gguf-bytes.js'
import type { HostileCase } from './case.js'

const MB = 2 ** 20
const whole = ggufBytes()

const file = (name: string, make: (path: string) => void, outcome: HostileCase['outcome']): HostileCase => ({
  name,
  make: folder => make(join(folder, 'model.gguf')),
  meet: async folder => {
    const { openGguf } = await import('../../pipelines/checkpoint/gguf/gguf-file.js')
    const { tensors, close } = await openGguf(join(folder, 'model.gguf'))
    try {
      for (const { data } of tensors.values()) await data()
      return tensors.size
    } finally {
      await close()
    }
  },
  outcome,
})

const bytes = (name: string, content: () => Uint8Array, says: RegExp): HostileCase =>
  file(name, path => writeFileSync(path, content()), { refused: 'CheckpointInvalid', says })

const parts = (name: string, change: Parameters<typeof ggufBytes>[0], says: RegExp): HostileCase =>
  bytes(name, () => ggufBytes(change), says)

const keys = (name: string, changed: GgufParts['keys'], says: RegExp): HostileCase =>
  parts(name, () => ({ keys: changed }), says)

const tensor = (name: string, which: string, change: Parameters<typeof withTensor>[1], says: RegExp): HostileCase =>
  bytes(name, () => withTensor(which, change), says)

const weight = (value: number) => (path: string) => {
  const content = ggufBytes(({ data }) => {
    new DataView(data.buffer, data.byteOffset).setFloat32(20, value, true)
    return { data }
  })
  writeFileSync(path, content)
}

/** A list that says its length and ends. */
const listOf = (type: number, length: bigint) => ({ type: 9, raw: Buffer.concat([u32(type), u64(length)]) })
const nested = (depth: number) => ({
  type: 9,
  raw: Buffer.concat([...Array.from({ length: depth }, () => [u32(9), u64(1n)]).flat(), u32(0), u64(0n)]),
})

const refused = (says: RegExp) => ({ refused: 'CheckpointInvalid', says }) as const
const huge = 2n ** 60n

export const cases: HostileCase[] = [
  file('a whole file', path => writeFileSync(path, whole), { gives: '11' }),
  ...[0, 3, 23].map(length =>
    bytes(`${length} bytes`, () => whole.subarray(0, length), /a header of at least 24 bytes/),
  ),
  ...[24, 100, 700, 1100].map(length =>
    bytes(
      `the first ${length} bytes`,
      () => whole.subarray(0, length),
      /at most \d+ (keys|tensors)|which was cut off|lengths that/,
    ),
  ),
  bytes(
    'a file without its last byte',
    () => whole.subarray(0, -1),
    /output_norm[\s\S]*data up to byte \d+[\s\S]*a file of \d+ bytes/,
  ),
  file(
    'a file of 40 GB without content',
    path => {
      writeFileSync(path, '')
      truncateSync(path, 40 * 1024 * MB)
    },
    refused(/GGUF in the first four bytes/),
  ),
  file('a pipe', path => execFileSync('mkfifo', [path]), refused(/no regular file/)),
  file('a folder', path => execFileSync('mkdir', [path]), refused(/a folder/)),
  file('a device', path => execFileSync('ln', ['-s', '/dev/zero', path]), refused(/no regular file/)),
  parts('another format', () => ({ magic: 'GGML' }), /GGUF in the first four bytes[\s\S]*GGML/),
  parts('version 1', () => ({ version: 1 }), /version 2 or 3[\s\S]*version 1/),
  parts('a version to come', () => ({ version: 4 }), /version 4/),
  parts('the highest byte first', () => ({ version: 3 * 2 ** 24 }), /numbers with the highest byte first/),
  parts(
    'tensors without number',
    () => ({ counts: { tensors: huge } }),
    /at most \d+ tensors[\s\S]*1152921504606846976 tensors/,
  ),
  parts('keys without number', () => ({ counts: { keys: huge } }), /at most \d+ keys[\s\S]*1152921504606846976 keys/),
  parts(
    'more tensors than are described',
    ({ tensors }) => ({ counts: { tensors: BigInt(tensors.length + 9) } }),
    /tensor|header/,
  ),
  parts('fewer keys than there are', () => ({ counts: { keys: 5n } }), /header|key|tensor/),
  keys('a text of exabytes', { 'general.name': { type: 8, raw: u64(huge) } }, /1152921504606846976/),
  keys('a text of gigabytes', { 'general.name': { type: 8, raw: u64(3n * 2n ** 30n) } }, /3221225472/),
  keys(
    'a text of megabytes in a small file',
    { 'general.name': { type: 8, raw: u64(9_000_000n) } },
    /lengths that lead|header/,
  ),
  keys('a list of exabytes', { 'general.tags': listOf(0, huge) }, /1152921504606846976/),
  keys('a list of a million in a small file', { 'general.tags': listOf(10, 1_000_000n) }, /header|lengths|key/),
  keys(
    'a list of a million empty texts in a small file',
    { 'general.tags': listOf(8, 1_000_000n) },
    /header|lengths|key/,
  ),
  keys('lists in lists', { 'general.tags': nested(200) }, /[Nn]ested/),
  keys('a kind of value to come', { 'general.name': { type: 99, raw: u64(1n) } }, /type: 99/),
  keys('another model', { 'general.architecture': { text: 'mamba' } }, /general\.architecture[\s\S]*mamba/),
  keys('a model called as a method', { 'general.architecture': { text: 'constructor' } }, /general\.architecture/),
  keys('a tokenizer called as a method', { 'tokenizer.ggml.pre': { text: 'constructor' } }, /tokenizer\.ggml\.pre/),
  keys('a tokenizer called as a prototype', { 'tokenizer.ggml.pre': { text: '__proto__' } }, /tokenizer\.ggml\.pre/),
  keys('no architecture', { 'general.architecture': undefined }, /general\.architecture is missing/),
  keys('no layers', { 'llama.block_count': undefined }, /llama\.block_count is missing/),
  keys('no tokens', { 'tokenizer.ggml.tokens': undefined }, /tokens is missing/),
  keys('no merges', { 'tokenizer.ggml.merges': undefined }, /merges is missing/),
  keys('no end', { 'tokenizer.ggml.eos_token_id': undefined }, /eos_token_id is missing/),
  keys(
    'an architecture that is a number',
    { 'general.architecture': { u32: 1 } },
    /general\.architecture is invalid[\s\S]*text/,
  ),
  keys(
    'a width that is text',
    { 'llama.embedding_length': { text: '8' } },
    /embedding_length is invalid[\s\S]*a number/,
  ),
  keys('a width that is a list', { 'llama.embedding_length': { list: 'u32', of: [8] } }, /embedding_length is invalid/),
  keys('a width that is true', { 'llama.embedding_length': { bool: true } }, /embedding_length is invalid/),
  keys('a width beyond all numbers', { 'llama.embedding_length': { u64: 2n ** 63n } }, /embedding_length is invalid/),
  keys('a width that is no number', { 'llama.embedding_length': { f32: Number.NaN } }, /embedding_length is invalid/),
  keys('no heads', { 'llama.attention.head_count': { u32: 0 } }, /head_count/),
  keys('heads of a third', { 'llama.attention.head_count': { u32: 3 } }, /head_count/),
  keys('a head of a million', { 'llama.attention.key_length': { u32: 2_000_000 } }, /at most 8192/),
  keys('a thousand million layers', { 'llama.block_count': { u32: 1e9 } }, /num_hidden_layers/),
  keys(
    'a layer more than there is',
    { 'llama.block_count': { u32: 2 } },
    /tensor model\.layers\.1[\s\S]*no such tensor/,
  ),
  keys('positions beyond all', { 'llama.context_length': { u32: 2 ** 32 - 1 } }, /max_position_embeddings/),
  keys('a part of a file', { 'split.count': { u32: 3 } }, /one of 3 parts[\s\S]*llama-gguf-split --merge/),
  keys('an alignment of zero', { 'general.alignment': { u32: 0 } }, /alignment/),
  keys('an alignment of three', { 'general.alignment': { u32: 3 } }, /alignment[\s\S]*a power of two/),
  keys('an alignment of gigabytes', { 'general.alignment': { u32: 2 ** 31 } }, /alignment/),
  keys('an alignment that is text', { 'general.alignment': { text: '32' } }, /alignment is invalid/),
  keys(
    'the same token twice',
    { 'tokenizer.ggml.tokens': { list: 'text', of: ['a', 'b', 'a', '<end>'] } },
    /each token once[\s\S]*"a" twice/,
  ),
  keys('tokens that are numbers', { 'tokenizer.ggml.tokens': { list: 'u32', of: [1, 2, 3, 4] } }, /a list of texts/),
  keys('types of fewer tokens', { 'tokenizer.ggml.token_type': { list: 'u32', of: [1] } }, /4 types[\s\S]*1 types/),
  keys(
    'types that are no numbers',
    { 'tokenizer.ggml.token_type': { list: 'f32', of: [1, 1, 1, Number.NaN] } },
    /a list of numbers/,
  ),
  keys(
    'a merge of three',
    { 'tokenizer.ggml.merges': { list: 'text', of: ['a b b'] } },
    /two tokens with a space between[\s\S]*a b b/,
  ),
  keys('an end outside of the vocabulary', { 'tokenizer.ggml.eos_token_id': { u32: 4 } }, /eos_token_id[\s\S]*0 to 3/),
  keys('a beginning of half a token', { 'tokenizer.ggml.bos_token_id': { f32: 0.5 } }, /bos_token_id[\s\S]*0 to 3/),
  keys(
    'tokens beyond the rows of the embedding',
    {
      'tokenizer.ggml.tokens': { list: 'text', of: ['a', 'b', 'ab', '<end>', 'c'] },
      'tokenizer.ggml.token_type': { list: 'u32', of: [1, 1, 1, 3, 1] },
    },
    /a row for each of 5 tokens[\s\S]*4 rows/,
  ),
  parts(
    'a key that is a prototype',
    () => ({ more: [['__proto__', { list: 'u32', of: [1, 2] }]], keys: { 'llama.block_count': undefined } }),
    /block_count is missing/,
  ),
  tensor('a type to come', 'output_norm.weight', { type: 77 }, /output_norm\.weight[\s\S]*type 77/),
  tensor(
    'data beyond the file',
    'output_norm.weight',
    { offset: 2n ** 40n },
    /output_norm\.weight[\s\S]*data up to byte 1099/,
  ),
  tensor(
    'data beyond all numbers',
    'output_norm.weight',
    { offset: 2n ** 64n - 32n },
    /output_norm\.weight[\s\S]*data up to byte 1844/,
  ),
  tensor('data between two', 'output_norm.weight', { offset: 3n }, /an offset that 32 divides[\s\S]*3/),
  tensor(
    'data of another tensor',
    'output_norm.weight',
    { offset: 0n },
    /bytes that no other tensor has[\s\S]*bytes of the tensor/,
  ),
  tensor('no axes', 'output_norm.weight', { axes: [] }, /1 to 4 axes/),
  tensor('an axis of nothing', 'output_norm.weight', { axes: [0] }, /at least 1 value/),
  tensor('five axes', 'output_norm.weight', { axes: [8, 1, 1, 1, 1] }, /1 to 4 axes/),
  tensor('axes without number', 'output_norm.weight', { axes: Array.from({ length: 1000 }, () => 1) }, /1000/),
  tensor('an axis of exabytes', 'output_norm.weight', { axes: [huge] }, /1152921504606846976/),
  tensor('axes that multiply', 'output_norm.weight', { axes: [2 ** 31, 2 ** 31] }, /output_norm\.weight/),
  tensor('a tensor of terabytes', 'output_norm.weight', { axes: [2 ** 30, 2 ** 10] }, /data up to byte 4398/),
  tensor('half a block', 'output_norm.weight', { type: 8 }, /rows of a multiple of 32 values, Q8_0/),
  tensor(
    'another shape',
    'blk.0.attn_q.weight',
    { axes: [4, 16] },
    /blk\.0\.attn_q\.weight[\s\S]*\[8, 8\][\s\S]*\[16, 4\]/,
  ),
  tensor('a name of another tensor', 'blk.0.attn_q.weight', { name: 'blk.0.attn_k.weight' }, /one tensor of this name/),
  tensor(
    'a name that leads out',
    'output_norm.weight',
    { name: '../../../etc/passwd' },
    /tensor \.\.\/\.\.\/\.\.\/etc\/passwd[\s\S]*no such tensor/,
  ),
  tensor('a name that steers the terminal', 'output_norm.weight', { name: '\u001b[2J\u202e' }, /no such tensor/),
  tensor('a name of a million letters', 'output_norm.weight', { name: 'x'.repeat(1_000_000) }, /no such tensor|header/),
  tensor(
    'a layer beyond all numbers',
    'blk.0.attn_q.weight',
    { name: `blk.${'9'.repeat(400)}.attn_q.weight` },
    /no such tensor/,
  ),
  bytes('a million rotary factors', manyFactors, /rope_freqs\.weight[\s\S]*\[2\]/),
  file(
    'a weight that is no number',
    weight(Number.NaN),
    refused(/token_embd[\s\S]*finite numbers[\s\S]*NaN at position 5/),
  ),
  file('an infinite weight', weight(Number.NEGATIVE_INFINITY), refused(/-Infinity at position 5/)),
]

function manyFactors(): Uint8Array {
  const count = 1_000_000
  return ggufBytes(({ tensors, data }) => ({
    tensors: [...tensors, { name: 'rope_freqs.weight', axes: [count], type: 0, offset: BigInt(data.length) }],
    data: Buffer.concat([data, new Uint8Array(4 * count)]),
  }))
}
