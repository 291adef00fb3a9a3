import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { savePolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { demonstrations } from '../../../pipelines/data/demonstrations.js'
import { prepareData } from '../../../pipelines/data/prepare.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { RlevError } from '../../../pipelines/errors.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { encodePrompts } from '../../../pipelines/tokenizer/tokenizer.js'
import { warmStart } from '../../../pipelines/training/warm-start.js'
import { tinyConfig } from '../model/tiny-policy.js'
import { valuesIn } from '../model/values-in.js'

function configOf(steps: number, learningRate = 0.01): ExperimentConfig {
  return tinyConfig({
    data: { source: 'synthetic', trainPapers: 2, testItemsPerSection: 5 },
    warmStart: { steps, batch: 24, warmup: 5, learningRate },
  })
}

const dataset = await prepareData(configOf(0).data, { seed: 1 })
const start = (config: ExperimentConfig) => warmStart({ config, dataset, hooks: noHooks })

/**
 * Number of tensors in this process, without those of engines, which are kept for the next policy of their
 * shape.
 */
function tensors(): number {
  disposeEngines()
  return tf.memory().numTensors
}

/** Mean of -log pi over the tokens of demonstrations that were not trained on. */
async function lossOf(policy: Policy): Promise<number> {
  const shown = demonstrations({ config: configOf(60), dataset, step: 999 })
  const prompts = await encodePrompts(
    policy.tokenizer,
    shown.map(({ prompt }) => prompt),
  )
  const sequences = shown.map(({ response }, index) => ({
    promptTokens: prompts[index] as number[],
    tokens: [...policy.tokenizer.encode(response), policy.tokenizer.eosIds[0] as number],
  }))
  const logProbs = logProbsOf(policy, sequences).flat()
  return -logProbs.reduce((sum, logProb) => sum + logProb, 0) / logProbs.length
}

test('demonstrations teach: the loss on other demonstrations falls well below that of guessing', async () => {
  const before = tensors()
  const fresh = await start(configOf(0))
  const taught = await start(configOf(60))
  const guessing = Math.log(15)
  const [atStart, after60Steps] = [await lossOf(fresh), await lossOf(taught)]
  assert.ok(atStart > 0.9 * guessing, `${atStart}`)
  assert.ok(after60Steps < 0.75 * guessing, `${after60Steps}`)
  disposePolicy(fresh)
  disposePolicy(taught)
  assert.equal(tensors(), before)
})

test('equal warm starts give equal bits, and another seed gives others', async () => {
  const config = configOf(4)
  const weights = []
  for (const seed of [1, 1, 2]) {
    const policy = await start({ ...config, seed })
    weights.push(valuesIn(policy))
    disposePolicy(policy)
  }
  assert.deepEqual(weights[1], weights[0])
  assert.notDeepEqual(weights[2], weights[0])
})

test('a checkpoint is loaded as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-warm-start-'))
  const policy = await start(configOf(1))
  await savePolicy(policy, folder)
  const loaded = await start({ ...configOf(5), policy: { from: 'checkpoint', path: folder } })
  assert.deepEqual(valuesIn(loaded), valuesIn(policy))
  disposePolicy(policy)
  disposePolicy(loaded)
  rmSync(folder, { recursive: true })
})

test('progress is reported after every step, and a cancelled warm start leaves no tensors behind', async () => {
  const before = tensors()
  const seen: unknown[] = []
  const tick = async (progress?: { done: number; of: number }) => {
    seen.push([progress?.done, progress?.of])
    if (seen.length === 3) throw new Error('cancelled')
  }
  await assert.rejects(warmStart({ config: configOf(9), dataset, hooks: { tick } }), /cancelled/)
  assert.deepEqual(seen, [
    [1, 9],
    [2, 9],
    [3, 9],
  ])
  assert.equal(tensors(), before)
})

test('a warm start that diverges gives a NotFinite error', async () => {
  const before = tensors()
  await assert.rejects(
    start(configOf(30, 1e30)),
    (error: unknown) =>
      error instanceof RlevError && error.kind === 'NotFinite' && /warm start step/.test(error.message),
  )
  assert.equal(tensors(), before)
})
