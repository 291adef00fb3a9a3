/** Updates over the wire beside those of the local engine: the same adapter, rows and terms of the loss. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { States } from '../../../activities/tinker/policy/states.js'
import { TinkerPolicy } from '../../../activities/tinker/policy/tinker-policy.js'
import { loadAdapter } from '../../../pipelines/checkpoint/adapter-file.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { createAdapter, disposeAdapter } from '../../../pipelines/model/adapter.js'
import { adapterTargets } from '../../../pipelines/model/adapter-shapes.js'
import { createOptimizer } from '../../../pipelines/model/optimizer-state.js'
import { withAdapter } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { importanceWeights } from '../../../pipelines/training/importance.js'
import { LocalPolicy } from '../../../pipelines/training/local-policy.js'
import type { LossRow, LossTerms } from '../../../pipelines/training/loss.js'
import { tinyBase } from '../../tinker-server/start.js'
import { basePolicy, newModel, rows, served } from './tiny-server.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-tinker-parity-'))
after(() => rmSync(root, { recursive: true, force: true }))

const config = experimentSchema.parse({
  name: 'parity',
  rollout: { prompts: 2, samples: 1, maxTokens: 4 },
  update: { learningRate: 1e-2, weightDecay: 0.1, microBatch: 1, adapter: { rank: 4 } },
})
const seed = 7
const how = { rollout: config.rollout, together: 2, hooks: noHooks, note: '' }

const terms: Readonly<Record<string, LossTerms>> = {
  'the loss of the paper': {},
  'a divergence in the loss': { kl: { estimator: 'k3', coefficient: 0.5 } },
  'a clipped ratio with importance weights': { clip: { clipLow: 0.01, clipHigh: 0.01, dualClip: 2 }, importance: true },
}

for (const [name, given] of Object.entries(terms)) {
  test(`${name}: two updates by a server are those of the local engine`, async t => {
    const { client } = await served(t)
    const base = await basePolicy()
    const { architecture, tokenizer } = base
    const policy = withAdapter(base, createAdapter({ architecture, rank: 4, alpha: 32, targets: adapterTargets, seed }))
    const local = new LocalPolicy({ policy, optimizer: createOptimizer(policy, config.update) })
    const folder = mkdtempSync(join(root, 'one-'))
    const session = { id: '', end: () => {} }
    const remote = new TinkerPolicy({
      ...{ client, tokenizer, inFlight: 4, start: tinyBase, checkpoints: () => [] },
      way: { factor: () => 1, notes: [], freeTargets: true },
      model: { modelId: await newModel(client, { rank: 4, seed }), session, attempt: 1, step: 0, requests: 0 },
      states: new States({ folder, experimentKey: 'parity' }),
    })
    const sequences = rows.map(({ prompt, response }) => ({ promptTokens: prompt, tokens: response }))
    const sampled = await local.logProbabilities(sequences, how)
    const learned = sequences.map((sequence, row): LossRow => {
      const logProbs = sampled[row] as number[]
      const oldLogProbs = logProbs.map((value, token) => value + 0.02 * (token - 1))
      return {
        ...sequence,
        ...{ advantage: row === 0 ? 1 : -0.5, weight: 0.5, logProbs, oldLogProbs },
        referenceLogProbs: logProbs.map(value => value - 0.4),
        importance: importanceWeights(oldLogProbs, logProbs, 1.01),
      }
    })
    const asked = { rows: learned, terms: given, config, microBatch: 1, hooks: noHooks }
    for (const step of [1, 2]) {
      const [here, there] = [await local.update(asked), await remote.update(asked)]
      assert.equal(remote.isWhole, false)
      for (const key of ['loss', 'gap', 'norm'] as const) {
        const [a, b] = [here[key] as number, there[key] as number]
        assert.ok(Math.abs(a - b) < 1e-4 * Math.max(1, Math.abs(a)), `${key}: ${a} here, ${b} there`)
      }
      for (const [measure, values] of here.measured.entries()) {
        for (const [row, value] of values.entries())
          assert.ok(Math.abs(value - (there.measured[measure]?.[row] as number)) < 1e-4, `measure ${measure}`)
      }
      await local.endStep()
      await remote.endStep({ hooks: noHooks, mayCommit: () => {} })
      assert.deepEqual([remote.step, remote.isWhole], [step, true])
    }
    const exported = mkdtempSync(join(root, 'adapter-'))
    await remote.exportTo(exported, noHooks)
    const adapter = await loadAdapter({ folder: exported, architecture })
    for (const [tensor, values] of adapter.tensors.read()) {
      const own = policy.adapter?.tensors.read().get(tensor)?.dataSync() as Float32Array
      // A learning rate of 0.01: AdamW's sign is not decided by rounding anywhere.
      for (const [index, value] of (values.dataSync() as Float32Array).entries())
        assert.ok(Math.abs(value - (own[index] as number)) < 2e-4, `${tensor} ${index}: ${value}, ${own[index]} here`)
    }
    disposeAdapter(adapter)
    await local.close()
    await remote.close()
  })
}
