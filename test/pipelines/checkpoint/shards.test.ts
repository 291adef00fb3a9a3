/**
 * Checkpoints in one file and in shards, in each type: equal if complete, else refused before a tensor is read.
 */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { checkCheckpoint } from '../../../pipelines/checkpoint/checked-checkpoint.js'
import { loadPolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { RlevError } from '../../../pipelines/errors.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { encoded, fileOf, type Tensors, tensorsIn } from './safetensors-bytes.js'

const fixture = 'test/fixtures/qwen2-tiny'
const root = mkdtempSync(join(tmpdir(), 'rlev-shards-'))
after(() => rmSync(root, { recursive: true }))

let whole: Tensors
before(async () => {
  whole = await tensorsIn(join(fixture, 'model.safetensors'))
})

type Type = 'F32' | 'F16' | 'BF16'

/** The fixture with these tensors in one file. */
function inOneFile(tensors: Tensors, type: Type = 'F32'): string {
  const path = mkdtempSync(join(root, 'one-'))
  cpSync(fixture, path, { recursive: true })
  writeFileSync(join(path, 'model.safetensors'), encoded(tensors, { type }))
  return path
}

const shards = [
  'model-00001-of-00003.safetensors',
  'model-00002-of-00003.safetensors',
  'model-00003-of-00003.safetensors',
]

/** The fixture with each tensor in one of three shards; `change` the index before it is written. */
function inShards({
  type = 'BF16',
  change = () => {},
}: {
  type?: Type
  change?: (places: Record<string, string>) => void
} = {}): string {
  const path = inOneFile(whole)
  rmSync(join(path, 'model.safetensors'))
  const names = [...whole.keys()]
  const places: Record<string, string> = {}
  for (const [shard, file] of shards.entries()) {
    const own = names.filter((_, index) => index % shards.length === shard)
    writeFileSync(join(path, file), encoded(new Map([...whole].filter(([name]) => own.includes(name))), { type }))
    for (const name of own) places[name] = file
  }
  change(places)
  writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: places }))
  return path
}

async function weightsOf(path: string): Promise<[string, Float32Array][]> {
  const policy = await loadPolicy(path)
  const weights = [...policy.weights.read()].map(([name, tensor]): [string, Float32Array] => [
    name,
    tensor.dataSync() as Float32Array,
  ])
  disposePolicy(policy)
  return weights
}

function refused(path: string, words: RegExp): void {
  assert.throws(
    () => checkCheckpoint(path),
    (error: unknown) => {
      assert.ok(error instanceof RlevError, String(error))
      assert.equal(error.kind, 'CheckpointInvalid')
      assert.match(error.message, words)
      return true
    },
  )
}

for (const type of ['F32', 'F16', 'BF16'] as const) {
  test(`shards in ${type} are the policy of one file in ${type}, in the order of the layers`, async () => {
    const [sharded, one] = [await weightsOf(inShards({ type })), await weightsOf(inOneFile(whole, type))]
    assert.deepEqual(sharded, one)
    assert.deepEqual(one.map(([name]) => name).slice(0, 2), [
      'model.embed_tokens.weight',
      'model.layers.0.self_attn.q_proj.weight',
    ])
    // Each float32 keeps its upper bits, and numbers below the normal numbers of float16 are 0.
    const keep = { F32: 32, F16: 19, BF16: 16 }[type]
    for (const [name, values] of one) {
      const expected = Uint32Array.from(bitsOf(whole.get(name)?.values ?? new Float32Array()), word =>
        type === 'F16' && ((word >>> 23) & 0xff) <= 112 ? 0 : (word >>> (32 - keep)) << (32 - keep),
      )
      assert.deepEqual(bitsOf(values), expected, name)
    }
  })
}

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length)

test('a folder of links, as in the cache of the Hugging Face hub, is loaded', async () => {
  const path = inShards()
  mkdirSync(join(path, 'blobs'))
  for (const file of shards) {
    renameSync(join(path, file), join(path, 'blobs', file))
    symlinkSync(join('blobs', file), join(path, file))
  }
  assert.deepEqual(await weightsOf(path), await weightsOf(inOneFile(whole, 'BF16')))
})

test('a tensor that follows from config.json may be in the file; any other unknown tensor is refused', async () => {
  const spare = { shape: [1], values: Float32Array.of(1) }
  const embedding = whole.get('model.embed_tokens.weight') as typeof spare
  const withHead = (head: typeof spare) =>
    inOneFile(new Map([...whole, ['lm_head.weight', head], ['model.layers.0.self_attn.rotary_emb.inv_freq', spare]]))
  assert.deepEqual(await weightsOf(withHead(embedding)), await weightsOf(fixture))
  const other = { ...embedding, values: embedding.values.map((value, index) => (index === 7 ? value + 1 : value)) }
  for (const [head, says] of [
    [other, /another head[\s\S]*lm_head\.weight[\s\S]*position 7/],
    [spare, /another head[\s\S]*shape \[1\]/],
  ] as const) {
    await assert.rejects(
      loadPolicy(withHead(head)),
      (error: unknown) => error instanceof RlevError && says.test(error.message),
    )
  }
  refused(
    inOneFile(new Map([...whole, ['model.layers.3.mlp.up_proj.weight', spare]])),
    /layers\.3\.mlp\.up_proj\.weight/,
  )
})

test('a tensor that is missing or has another shape is refused and named, in one file and in shards', () => {
  const name = 'model.layers.2.mlp.down_proj.weight'
  const without = new Map([...whole].filter(([other]) => other !== name))
  refused(inOneFile(without), /model\.safetensors: tensor model\.layers\.2\.mlp\.down_proj\.weight is missing/)
  const turned = { shape: [160, 64], values: new Float32Array(160 * 64) }
  refused(
    inOneFile(new Map([...without, [name, turned]])),
    /down_proj\.weight has the wrong shape[\s\S]*\[64, 160\][\s\S]*\[160, 64\]/,
  )
  const path = inShards({ change: places => delete places[name] })
  refused(path, /tensor model\.layers\.2\.mlp\.down_proj\.weight is in this shard, but the index does not say so/)
})

test('an index that disagrees with its shards is refused, and the file and tensor named', () => {
  const name = 'model.norm.weight'
  const [first = '', second = ''] = shards
  const gone = inShards()
  rmSync(join(gone, second))
  refused(gone, /model-00002-of-00003\.safetensors: the shard is missing[\s\S]*tensor model\./)
  refused(
    inShards({ change: places => (places[name] = places[name] === first ? second : first) }),
    /safetensors: tensor model\.norm\.weight is (missing )?in this shard/,
  )
  const cut = inShards()
  writeFileSync(join(cut, second), readFileSync(join(cut, second)).subarray(0, -1))
  refused(cut, /model-00002-of-00003\.safetensors[\s\S]*incomplete/)
  const quantized = inShards()
  writeFileSync(join(quantized, first), fileOf({ [name]: { dtype: 'I8', shape: [1], data_offsets: [0, 1] } }, [0]))
  refused(quantized, /model-00001-of-00003\.safetensors, tensor model\.norm\.weight[\s\S]*I8/)
  const index = (content: string) => {
    const path = inShards()
    writeFileSync(join(path, 'model.safetensors.index.json'), content)
    return path
  }
  refused(index('{'), /index\.json: not JSON/)
  refused(index('{}'), /index\.json[\s\S]*weight_map/)
  refused(index('{"weight_map": {"a": 1}}'), /index\.json[\s\S]*weight_map\.a/)
  refused(index(`{"weight_map": {}, "spare": "${' '.repeat(2 ** 22)}"}`), /index\.json: the file is too long/)
  refused(index('{"weight_map": {}}'), /index\.json: tensor model\.embed_tokens\.weight is missing/)
})

test('an index leads to no file outside its folder', () => {
  for (const name of [
    '../model.safetensors',
    '/etc/x.safetensors',
    'a/b.safetensors',
    'a\\b.safetensors',
    '..',
    'a\u0000.safetensors',
    '',
  ]) {
    refused(
      inShards({ change: places => (places['model.norm.weight'] = name) }),
      /index\.json, tensor model\.norm\.weight: the index names an invalid shard/,
    )
  }
})

test('a folder without weights is refused, and the expected files named', () => {
  const path = inOneFile(whole)
  rmSync(join(path, 'model.safetensors'))
  refused(path, /model\.safetensors: the file is missing[\s\S]*model\.safetensors\.index\.json/)
})

test('a changed byte of a header is refused, or changes nothing', () => {
  const path = inOneFile(whole)
  const file = join(path, 'model.safetensors')
  const bytes = readFileSync(file)
  const { weights } = checkCheckpoint(path)
  const header = 8 + Number(bytes.readBigUInt64LE())
  fc.assert(
    fc.property(fc.nat({ max: header - 1 }), fc.nat({ max: 255 }), (position, byte) => {
      const changed = Buffer.from(bytes)
      changed[position] = byte
      writeFileSync(file, changed)
      try {
        assert.deepEqual(checkCheckpoint(path).weights, weights)
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        assert.ok(error instanceof RlevError && error.kind === 'CheckpointInvalid', String(error))
      }
    }),
    { numRuns: 300 },
  )
})
