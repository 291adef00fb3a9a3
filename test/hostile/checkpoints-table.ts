/** Checkpoints: tensor files whose headers lie, indexes that lead elsewhere, configs without measure, JSON that multiplies. */
import { execFileSync } from 'node:child_process'
import { cpSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileOf } from '../pipelines/checkpoint/safetensors-bytes.js'
import type { HostileCase } from './case.js'

const MB = 2 ** 20

/** A whole checkpoint, of which the case then spoils a part; read as every command and stage begins to read one. */
const checkpoint = (name: string, spoil: (folder: string) => void, says: RegExp): HostileCase => ({
  name,
  make(folder) {
    cpSync('test/fixtures/qwen2-tiny', folder, { recursive: true })
    spoil(folder)
  },
  meet: async folder => {
    const { checkCheckpoint } = await import('../../pipelines/checkpoint/checked-checkpoint.js')
    const { loadTokenizer } = await import('../../pipelines/tokenizer/tokenizer-folder.js')
    const { config } = checkCheckpoint(folder)
    return loadTokenizer(folder, config).eosIds
  },
  outcome: { refused: 'CheckpointInvalid', says },
})

const tensors = (name: string, bytes: () => Uint8Array, says: RegExp): HostileCase =>
  checkpoint(name, folder => writeFileSync(join(folder, 'model.safetensors'), bytes()), says)

const header = (name: string, content: unknown, says: RegExp, data = 8): HostileCase =>
  tensors(name, () => fileOf(content, new Uint8Array(data)), says)

const entry = (from: unknown, to: unknown, shape: unknown = [1], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
})

const file = (name: string, path: string, content: string | (() => string), says: RegExp): HostileCase =>
  checkpoint(name, folder => writeFileSync(join(folder, path), typeof content === 'string' ? content : content()), says)

const config = (name: string, keys: object, says: RegExp): HostileCase =>
  file(name, 'config.json', JSON.stringify({ ...qwen2, ...keys }), says)

const qwen2 = {
  model_type: 'qwen2',
  vocab_size: 512,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 96,
  eos_token_id: 2,
}

/** Of a checkpoint in shards, without the one file. */
const index = (name: string, map: Record<string, string>, says: RegExp): HostileCase =>
  checkpoint(
    name,
    folder => {
      execFileSync('rm', [join(folder, 'model.safetensors')])
      writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
      symlinkSync('/dev/zero', join(folder, 'device.safetensors'))
    },
    says,
  )

const lengthOnly = (length: bigint) => () => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setBigUint64(0, length, true)
  return bytes
}

export const cases: HostileCase[] = [
  tensors('a header of terabytes', lengthOnly(2n ** 42n), /a header of at most 8 bytes[\s\S]*4398046511104 bytes/),
  tensors('a header as long as a number can say', lengthOnly(2n ** 64n - 1n), /18446744073709551615 bytes/),
  tensors('no header', () => new Uint8Array(3), /a header after 8 bytes/),
  checkpoint(
    'a file of 3 GB without tensors',
    folder => truncateSync(join(folder, 'model.safetensors'), 3 * 1024 * MB),
    /a file of \d+ bytes[\s\S]*3221225472 bytes/,
  ),
  header('a tensor of terabytes', { a: entry(0, 2 ** 42, [2 ** 40]) }, /data up to byte \d+[\s\S]*a file of \d+ bytes/),
  header('a shape beyond all numbers', { a: entry(0, 8, [2 ** 50, 2 ** 50, 2 ** 50]) }, /bytes for F32/),
  header(
    'a shape of a thousand dimensions',
    {
      a: entry(
        0,
        4,
        Array.from({ length: 1000 }, () => 1),
      ),
    },
    /dtype, shape and data_offsets/,
  ),
  header('tensors that overlap', { a: entry(0, 4), b: entry(0, 4) }, /tensor b[\s\S]*data from byte/),
  header('tensors within each other', { a: entry(0, 8, [2]), b: entry(4, 8) }, /tensor b[\s\S]*data from byte/),
  header('tensors with a gap', { a: entry(0, 4), b: entry(8, 12) }, /tensor b[\s\S]*data from byte/, 12),
  header('bytes that no tensor has', { a: entry(0, 4) }, /a file of \d+ bytes/, 100),
  header(
    'two tensors of one name',
    `{"a":${JSON.stringify(entry(0, 4))},"a":${JSON.stringify(entry(4, 8))}}`,
    /a key that is given twice/,
  ),
  header('offsets below zero', { a: entry(-4, 0) }, /dtype, shape and data_offsets/),
  header('offsets that go back', { a: entry(8, 4) }, /4 bytes for F32 \[1\][\s\S]*-4 bytes/),
  header('offsets that are no numbers', `{"a":{"dtype":"F32","shape":[1],"data_offsets":[NaN,4]}}`, /a header in JSON/),
  header(
    'offsets beyond all numbers',
    `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}`,
    /dtype, shape and data_offsets/,
  ),
  header('offsets that are text', { a: entry('0', '4') }, /dtype, shape and data_offsets/),
  header('a type of another world', { a: entry(0, 4, [1], 'constructor') }, /the type of the tensor is not supported/),
  header('lists in each other, four million', '['.repeat(4 * MB), /nested more than 5 deep/),
  header('a million values', `{"a":[${'{},'.repeat(1_300_000)}{}]}`, /more than 1000000 values/),
  header(
    'a prototype as a tensor',
    '{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    /tensor __proto__ is not part of the architecture/,
  ),
  checkpoint(
    'a pipe as the weights',
    folder => execFileSync('sh', ['-c', 'rm "$0" && mkfifo "$0"', join(folder, 'model.safetensors')]),
    /not a regular file/,
  ),
  index('an index that leads out of the folder', { a: '../../../etc/passwd' }, /an invalid shard/),
  index('an index that names a path', { a: '/etc/x.safetensors' }, /an invalid shard/),
  index('an index that steers the terminal', { a: '\u001b[2J.safetensors' }, /an invalid shard/),
  index('an index that names a device', { a: 'device.safetensors' }, /not a regular file/),
  config('a thousand million layers', { num_hidden_layers: 1e9 }, /num_hidden_layers/),
  config('a million million words', { vocab_size: 1e12 }, /vocab_size/),
  config('a width of a thousand million', { hidden_size: 1e9 }, /hidden_size/),
  config('positions beyond all numbers', { max_position_embeddings: 1e300 }, /max_position_embeddings/),
  config(
    'a million kinds of layers',
    { layer_types: Array.from({ length: 200_000 }, () => 'x') },
    /layer_types|tensor/,
  ),
  file(
    'a config.json of 100 MB',
    'config.json',
    () => `{"a":"${'x'.repeat(100 * MB)}"}`,
    /the file is too long[\s\S]*104857608 bytes/,
  ),
  file('a config.json of a million lists', 'config.json', '['.repeat(1_000_000), /nested more than 50 deep/),
  file('a config.json that is a number', 'config.json', '7', /model_type/),
  file(
    'a tokenizer.json of 100 MB',
    'tokenizer.json',
    () => `{"a":"${'x'.repeat(100 * MB)}"}`,
    /the file is too long[\s\S]*at most \d+/,
  ),
  file(
    'a tokenizer.json of ten million values',
    'tokenizer.json',
    () => `{"a":[${'{},'.repeat(10_000_000)}{}]}`,
    /more than 4000000 values/,
  ),
  file('a tokenizer.json of a million lists', 'tokenizer.json', '['.repeat(1_000_000), /nested more than 50 deep/),
  file('a tokenizer.json that is null', 'tokenizer.json', 'null', /not an object in JSON/),
  file(
    'a tokenizer.json of sequences in sequences',
    'tokenizer.json',
    () => `{"normalizer":${'{"type":"Sequence","normalizers":['.repeat(40_000)}`,
    /nested more than 50 deep/,
  ),
  file('a template of 10 MB', 'chat_template.jinja', () => 'x'.repeat(10 * MB), /at most \d+ are read/),
]
