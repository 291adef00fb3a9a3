import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadOptimizer, saveOptimizer } from '../../../pipelines/checkpoint/optimizer-file.js'
import { loadPolicy, savePolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { readSafetensorsHeader } from '../../../pipelines/checkpoint/safetensors-reader.js'
import { tensorsOnDevice } from '../../../pipelines/checkpoint/tensors-on-device.js'
import { disposeEngines, engineFor } from '../../../pipelines/engine/engine-cache.js'
import { Learning } from '../../../pipelines/engine/learning.js'
import { RlevError } from '../../../pipelines/errors.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { tidy } from '../../../pipelines/graph/tidy.js'
import { createOptimizer, disposeOptimizer, type Optimizer } from '../../../pipelines/model/optimizer-state.js'
import { disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { optimizerStep } from '../../../pipelines/training/optimizer.js'
import { tinyPolicy } from '../model/tiny-policy.js'
import { encoded, tensorsIn } from './safetensors-bytes.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-checkpoint-'))
after(() => rmSync(root, { recursive: true }))
const folder = () => mkdtempSync(join(root, 'folder-'))

function digestsIn(path: string): Record<string, string> {
  const names = readdirSync(path).sort()
  return Object.fromEntries(
    names.map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(join(path, name)))
        .digest('hex'),
    ]),
  )
}

/** An optimizer's step with an artificial gradient, which differs in every step. */
function step(policy: Policy, optimizer: Optimizer, number: number): void {
  const gradients = tidy(
    () =>
      new Map(
        [...policy.weights.read()].map(([name, { shape, size }]) => [
          name,
          tf.sin(tf.range(0, size).mul(number)).reshape([...shape]),
        ]),
      ),
  )
  const settings = { learningRate: 0.01, betas: [0.9, 0.99] as [number, number], epsilon: 1e-8, weightDecay: 0.1 }
  const engine = engineFor(policy)
  engine.part(Learning).setGradients(gradients)
  optimizerStep({ engine, optimizer, settings, factor: 1 })
  tf.dispose([...gradients.values()])
}

/**
 * Number of tensors in this process, without those of engines, which are kept for the next policy of their
 * shape.
 */
function tensors(): number {
  disposeEngines()
  return tf.memory().numTensors
}

test('a policy has the same bits after it is saved and loaded, and so have its files', async () => {
  const before = tensors()
  const policy = tinyPolicy()
  const [first, second] = [folder(), folder()]
  await savePolicy(policy, first)
  const loaded = await loadPolicy(first)
  await savePolicy(loaded, second)
  assert.deepEqual(digestsIn(second), digestsIn(first))
  assert.deepEqual(Object.keys(digestsIn(first)), [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ])
  assert.deepEqual(loaded.architecture, policy.architecture)
  assert.deepEqual(loaded.tokenizer.eosIds, policy.tokenizer.eosIds)
  assert.deepEqual(loaded.tokenizer.encode('12+3='), policy.tokenizer.encode('12+3='))
  disposePolicy(policy)
  disposePolicy(loaded)
  assert.equal(tensors(), before)
})

test('equal seeds make equal policies, different seeds different ones', async () => {
  const digests = []
  for (const seed of [1, 1, 2]) {
    const policy = tinyPolicy(seed)
    const path = folder()
    await savePolicy(policy, path)
    disposePolicy(policy)
    digests.push(digestsIn(path)['model.safetensors'])
  }
  assert.equal(digests[0], digests[1])
  assert.notEqual(digests[0], digests[2])
})

test('a folder of transformers is loaded and written back with its tokenizer and template', async () => {
  const policy = await loadPolicy('test/fixtures/qwen2-tiny')
  const path = folder()
  await savePolicy(policy, path)
  const again = await loadPolicy(path)
  assert.deepEqual(again.architecture, policy.architecture)
  const messages = [{ role: 'user', content: 'naïve ½ 🙂' }]
  assert.deepEqual(await again.tokenizer.encodePrompt(messages), await policy.tokenizer.encodePrompt(messages))
  disposePolicy(policy)
  disposePolicy(again)
})

for (const name of ['adamw', 'sgd'] as const) {
  test(`training with ${name} that resumes from a checkpoint gives the weights of uninterrupted training`, async () => {
    const before = tensors()
    const policy = tinyPolicy()
    const optimizer = createOptimizer(policy, { optimizer: name })
    for (const number of [1, 2]) step(policy, optimizer, number)
    const path = folder()
    await savePolicy(policy, path)
    await saveOptimizer(optimizer, path)
    const resumed = await loadPolicy(path)
    const resumedOptimizer = await loadOptimizer(path)
    assert.equal(resumedOptimizer.steps, 2)
    for (const number of [3, 4]) {
      step(policy, optimizer, number)
      step(resumed, resumedOptimizer, number)
    }
    const [whole, broken] = [folder(), folder()]
    await savePolicy(policy, whole)
    await saveOptimizer(optimizer, whole)
    await savePolicy(resumed, broken)
    await saveOptimizer(resumedOptimizer, broken)
    assert.deepEqual(digestsIn(broken), digestsIn(whole))
    for (const one of [policy, resumed]) disposePolicy(one)
    for (const one of [optimizer, resumedOptimizer]) disposeOptimizer(one)
    assert.equal(tensors(), before)
  })
}

test('errors of a checkpoint name the file, tensor and key', async () => {
  const policy = tinyPolicy()
  const whole = folder()
  await savePolicy(policy, whole)
  await saveOptimizer(createOptimizer(policy, { optimizer: 'adamw' }), whole)
  disposePolicy(policy)
  const changed = (change: (path: string) => void): string => {
    const path = folder()
    cpSync(whole, path, { recursive: true })
    change(path)
    return path
  }
  const weights = await tensorsIn(join(whole, 'model.safetensors'))
  const withTensors = (change: (tensors: Map<string, { shape: readonly number[]; values: Float32Array }>) => void) =>
    changed(path => {
      const tensors = new Map(weights)
      change(tensors)
      writeFileSync(join(path, 'model.safetensors'), encoded(tensors))
    })
  const refused = (load: Promise<unknown>, words: RegExp) =>
    assert.rejects(
      load,
      (error: unknown) => error instanceof RlevError && error.kind === 'CheckpointInvalid' && words.test(error.message),
    )
  await refused(loadPolicy(join(root, 'nowhere')), /config\.json/)
  await refused(loadPolicy(changed(path => writeFileSync(join(path, 'tokenizer.json'), '{'))), /tokenizer\.json/)
  await refused(loadPolicy(changed(path => rmSync(join(path, 'model.safetensors')))), /model\.safetensors/)
  await refused(loadPolicy(withTensors(tensors => tensors.delete('lm_head.weight'))), /lm_head\.weight/)
  await refused(
    loadPolicy(withTensors(tensors => tensors.set('model.norm.weight', { shape: [1], values: new Float32Array(1) }))),
    /model\.norm\.weight[\s\S]*\[16\][\s\S]*\[1\]/,
  )
  await refused(loadOptimizer(changed(path => rmSync(join(path, 'optimizer.safetensors')))), /optimizer\.safetensors/)
  await refused(
    loadOptimizer(changed(path => writeFileSync(join(path, 'optimizer.safetensors'), encoded(new Map())))),
    /steps/,
  )
})

test('loading that fails leaves no tensors behind', async () => {
  const path = join(folder(), 'x.safetensors')
  const one = { shape: [2], values: Float32Array.of(1, 2) }
  writeFileSync(path, encoded(new Map(Object.entries({ a: one, b: one }))))
  const stored = [...readSafetensorsHeader(path).tensors.values()]
  const before = tensors()
  truncateSync(path, readFileSync(path).length - 4)
  await assert.rejects(tensorsOnDevice([{ path, tensors: stored }]), /tensor b/)
  assert.equal(tensors(), before)
})
