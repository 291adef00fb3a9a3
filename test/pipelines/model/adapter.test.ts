import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadAdapter, saveAdapter } from '../../../pipelines/checkpoint/adapter-file.js'
import { RlevError } from '../../../pipelines/errors.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { createAdapter, disposeAdapter } from '../../../pipelines/model/adapter.js'
import { adapterTargets } from '../../../pipelines/model/adapter-shapes.js'
import { disposePolicy, trainable } from '../../../pipelines/model/policy.js'
import { encoded, tensorsIn } from '../checkpoint/safetensors-bytes.js'
import { tinyPolicy } from './tiny-policy.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-adapter-'))
after(() => rmSync(root, { recursive: true }))
const folder = () => mkdtempSync(join(root, 'folder-'))
const policy = tinyPolicy()
const { architecture } = policy
after(() => disposePolicy(policy))

const digestOf = (path: string, name: string) =>
  createHash('sha256')
    .update(readFileSync(join(path, name)))
    .digest('hex')

const settings = { architecture, rank: 3, alpha: 6, targets: adapterTargets, seed: 7 }

test('a fresh adapter changes nothing: B is 0, and A is uniform within 1 / sqrt(in)', () => {
  const adapter = createAdapter({ ...settings, rank: 8 })
  assert.equal(adapter.tensors.shapes.size, 2 * adapterTargets.length * architecture.layers)
  for (const [name, tensor] of adapter.tensors.read()) {
    const values = [...tensor.dataSync()]
    if (name.endsWith('lora_B.weight')) {
      assert.ok(values.every(value => value === 0))
      continue
    }
    const [rank, width] = tensor.shape as [number, number]
    assert.equal(rank, 8)
    const bound = 1 / Math.sqrt(width)
    assert.ok(values.every(value => Math.abs(value) <= bound))
    // The variance of a uniform number in [-b, b] is b^2 / 3. There are at least 128 numbers.
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length
    assert.ok(Math.abs(variance / ((bound * bound) / 3) - 1) < 0.3, `${name}: ${variance}`)
  }
  disposeAdapter(adapter)
})

test('tensors have the shapes of their projections, and do not depend on the other targets', () => {
  const whole = createAdapter(settings)
  const part = createAdapter({ ...settings, targets: ['v_proj'] })
  assert.deepEqual(
    [...part.tensors.shapes],
    [0, 1].flatMap(layer => [
      [`model.layers.${layer}.self_attn.v_proj.lora_A.weight`, [3, 16]],
      [`model.layers.${layer}.self_attn.v_proj.lora_B.weight`, [8, 3]],
    ]),
  )
  for (const [name, tensor] of part.tensors.read()) {
    assert.deepEqual([...tensor.dataSync()], [...(whole.tensors.read().get(name) as Tensor).dataSync()])
  }
  for (const adapter of [whole, part]) disposeAdapter(adapter)
})

test('equal seeds give equal adapters, in their files too, and different seeds different ones', async () => {
  const digests = []
  for (const seed of [7, 7, 8]) {
    const adapter = createAdapter({ ...settings, seed })
    const path = folder()
    await saveAdapter(adapter, { folder: path })
    disposeAdapter(adapter)
    digests.push(digestOf(path, 'adapter_model.safetensors'))
  }
  assert.equal(digests[0], digests[1])
  assert.notEqual(digests[0], digests[2])
})

test('an update changes the adapter if there is one, and disposing of the policy disposes of the adapter', () => {
  const before = tf.memory().numTensors
  const adapted = tinyPolicy()
  assert.equal(trainable(adapted), adapted.weights)
  adapted.adapter = createAdapter(settings)
  assert.equal(trainable(adapted), adapted.adapter.tensors)
  disposePolicy(adapted)
  assert.equal(tf.memory().numTensors, before)
})

test('a rank above the width of a checkpoint is refused', () => {
  assert.throws(
    () => createAdapter({ ...settings, rank: 17 }),
    (error: unknown) => error instanceof RlevError && /update\.adapter\.rank[\s\S]*at most 16/.test(error.message),
  )
})

test('an adapter has the same bits after it is saved and loaded', async () => {
  const before = tf.memory().numTensors
  const adapter = createAdapter(settings)
  const [first, second] = [folder(), folder()]
  await saveAdapter(adapter, { folder: first })
  const loaded = await loadAdapter({ folder: first, architecture })
  await saveAdapter(loaded, { folder: second })
  for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
    assert.equal(digestOf(second, name), digestOf(first, name))
  }
  assert.deepEqual([loaded.rank, loaded.alpha, loaded.targets], [3, 6, adapterTargets])
  assert.deepEqual([...loaded.tensors.shapes.keys()].sort(), [...adapter.tensors.shapes.keys()].sort())
  for (const one of [adapter, loaded]) disposeAdapter(one)
  assert.equal(tf.memory().numTensors, before)
})

test('errors of an adapter name the file, key and tensor', async () => {
  const whole = folder()
  const adapter = createAdapter(settings)
  await saveAdapter(adapter, { folder: whole })
  disposeAdapter(adapter)
  const changed = (change: (path: string) => void): string => {
    const path = folder()
    cpSync(whole, path, { recursive: true })
    change(path)
    return path
  }
  const withKeys = (keys: object) =>
    changed(path => {
      const file = join(path, 'adapter_config.json')
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...keys }))
    })
  const tensors = await tensorsIn(join(whole, 'adapter_model.safetensors'))
  const withTensors = (change: (tensors: Map<string, { shape: readonly number[]; values: Float32Array }>) => void) =>
    changed(path => {
      const others = new Map(tensors)
      change(others)
      writeFileSync(join(path, 'adapter_model.safetensors'), encoded(others))
    })
  const name = 'base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight'
  const tensor = { shape: [1, 16], values: new Float32Array(16) }
  const cases: [string, RegExp][] = [
    [join(root, 'nowhere'), /adapter_config\.json: the file is missing/],
    [
      changed(path => rmSync(join(path, 'adapter_model.safetensors'))),
      /adapter_model\.safetensors: the file is missing/,
    ],
    [changed(path => writeFileSync(join(path, 'adapter_config.json'), '{')), /adapter_config\.json: not JSON/],
    [withKeys({ r: 0 }), /r: /],
    [withKeys({ target_modules: 'all-linear' }), /target_modules: /],
    [withKeys({ target_modules: ['q_proj', 'lm_head'] }), /found: {4}lm_head/],
    [withKeys({ use_rslora: true }), /`use_rslora` is not supported/],
    [withKeys({ peft_type: 'IA3' }), /`peft_type` is not supported[\s\S]*LORA/],
    [withKeys({ rank_pattern: { q_proj: 4 } }), /`rank_pattern` is not supported/],
    [withKeys({ modules_to_save: ['lm_head'] }), /`modules_to_save` is not supported/],
    [withKeys({ target_modules: ['q_proj'] }), /down_proj\S+ is not part of the architecture in the config/],
    [withTensors(others => others.delete(name)), /layers\.1\.self_attn\.q_proj\.lora_A\.weight is missing/],
    [
      withTensors(others => others.set(name, tensor)),
      /q_proj\.lora_A\.weight has the wrong shape[\s\S]*\[3, 16\][\s\S]*\[1, 16\]/,
    ],
    [
      withTensors(others => others.set('base_model.model.lm_head.lora_A.weight', tensor)),
      /lm_head\.lora_A\.weight is not part of the architecture/,
    ],
  ]
  for (const [path, words] of cases) {
    await assert.rejects(loadAdapter({ folder: path, architecture }), (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, 'CheckpointInvalid')
      assert.match(error.message, words)
      return true
    })
  }
})
