/** Random checkpoints: folders that load, the same bytes for the same arguments. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadPolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { shapeOf } from '../../../scripts/random-checkpoint/shapes.js'
import { bytesOfValues } from '../../../scripts/random-checkpoint/values.js'
import { writeRandomCheckpoint } from '../../../scripts/random-checkpoint/write.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-random-checkpoint-'))
after(() => rmSync(folder, { recursive: true }))

const config = {
  ...shapeOf('qwen2.5-0.5b'),
  hidden_size: 16,
  intermediate_size: 24,
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  vocab_size: 40,
}

const digests = (name: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(folder, name))
      .sort()
      .map(file => [
        file,
        createHash('sha256')
          .update(readFileSync(join(folder, name, file)))
          .digest('hex'),
      ]),
  )

const write = (name: string, seed = 1, shardBytes = 1e9) =>
  writeRandomCheckpoint({ folder: join(folder, name), config, type: 'F32', shardBytes, seed })

test('a checkpoint in one file loads as a policy of its shape, with deviations as configured', async () => {
  const { parameters, files } = write('one')
  const policy = await loadPolicy(join(folder, 'one'))
  assert.equal(files, 1)
  assert.equal(policy.architecture.vocabulary, 40)
  assert.equal(policy.tokenizer.eosIds[0], 39)
  assert.deepEqual(await policy.tokenizer.encodePrompt('!#'), [0, 2])
  assert.equal(policy.weights.bytes, 4 * parameters)
  const valuesOf = (name: string) => policy.weights.read().get(name)?.dataSync() as Float32Array
  const embedding = valuesOf('model.embed_tokens.weight')
  const deviation = Math.sqrt(embedding.reduce((sum, value) => sum + value ** 2, 0) / embedding.length)
  // 640 uniform values: the deviation of their own deviation is about 0.0004.
  assert.ok(Math.abs(deviation - 0.02) < 0.002, String(deviation))
  assert.ok(valuesOf('model.norm.weight').every(value => value === 1))
  disposePolicy(policy)
})

test('equal seeds give equal files, other seeds other tensors', () => {
  write('again')
  write('other', 2)
  assert.deepEqual(digests('again'), digests('one'))
  assert.notEqual(digests('other')['model.safetensors'], digests('one')['model.safetensors'])
})

test('shards hold every tensor once, and the index says where', () => {
  const { files, bytes } = write('shards', 1, 3000)
  const index = JSON.parse(readFileSync(join(folder, 'shards', 'model.safetensors.index.json'), 'utf8')) as {
    metadata: { total_size: number }
    weight_map: Record<string, string>
  }
  assert.ok(files > 2)
  assert.equal(index.metadata.total_size, bytes)
  const seen = new Map<string, string>()
  for (const file of new Set(Object.values(index.weight_map))) {
    const content = readFileSync(join(folder, 'shards', file))
    const length = Number(content.readBigUInt64LE())
    for (const name of Object.keys(JSON.parse(content.subarray(8, 8 + length).toString()) as object)) {
      if (name !== '__metadata__') seen.set(name, file)
    }
  }
  assert.deepEqual(Object.fromEntries(seen), index.weight_map)
})

test('values do not depend on the blocks they are made in, and BF16 is F32 rounded to its upper half', () => {
  const values = { seed: 3, tensor: 5, deviation: 0.1, constant: 0 }
  const wide = bytesOfValues({ values, from: 0, to: 64, type: 'F32' })
  const part = bytesOfValues({ values, from: 16, to: 32, type: 'F32' })
  assert.deepEqual(part, wide.slice(64, 128))
  const half = new Uint16Array(bytesOfValues({ values, from: 0, to: 64, type: 'BF16' }).buffer)
  const floats = new Float32Array(wide.buffer)
  const widened = new Float32Array(Uint32Array.from(half, bits => bits << 16).buffer)
  for (const [index, value] of floats.entries()) {
    // A half unit in the last of 8 bits.
    assert.ok(Math.abs((widened[index] as number) - value) <= Math.abs(value) * 2 ** -8)
  }
})
