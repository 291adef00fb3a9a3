/** Training that goes on from a state: which one it takes, and no tensor is left behind. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { prepareData } from '../../../pipelines/data/prepare.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import type { TrainingState, TrainingStates } from '../../../pipelines/training/training-states.js'
import { warmStart } from '../../../pipelines/training/warm-start.js'
import { tinyConfig } from '../model/tiny-policy.js'
import { valuesIn } from '../model/values-in.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-training-states-'))
after(() => rmSync(root, { recursive: true }))

const config = tinyConfig({
  data: { source: 'synthetic', trainPapers: 2, testItemsPerSection: 5 },
  warmStart: { steps: 4, batch: 8, warmup: 1, learningRate: 0.01 },
})
const dataset = await prepareData(config.data, { seed: 1 })

/** Keeps a state after each step. */
class EveryStep implements TrainingStates {
  readonly kept: TrainingState[] = []

  newest(): TrainingState | null {
    return this.kept.at(-1) ?? null
  }

  async afterStep(step: number, save: (folder: string) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(root, `step-${step}-`))
    await save(folder)
    this.kept.push({ step, folder })
  }
}

async function trained(states: TrainingStates) {
  const policy = await warmStart({ config, dataset, states, hooks: noHooks })
  const values = valuesIn(policy)
  disposePolicy(policy)
  return values
}

function tensors(): number {
  disposeEngines()
  return tf.memory().numTensors
}

test('training gives the same bits from every state, and no tensor is left behind', async () => {
  const before = tensors()
  const states = new EveryStep()
  const expected = await trained(states)
  assert.deepEqual(
    states.kept.map(({ step }) => step),
    [1, 2, 3],
  )
  for (const state of states.kept) {
    const only: TrainingStates = { newest: () => state, afterStep: async () => {} }
    assert.deepEqual(await trained(only), expected, `from step ${state.step}`)
  }
  assert.equal(tensors(), before)
})

test('of a state that is removed while it is loaded nothing is taken; one that stays and cannot be loaded is told', async () => {
  const before = tensors()
  const states = new EveryStep()
  const expected = await trained(states)
  const [first, second] = states.kept as [TrainingState, TrainingState]
  rmSync(join(second.folder, 'optimizer.safetensors'))
  const asked = [second, first, first]
  const vanishing: TrainingStates = { newest: () => asked.shift() ?? null, afterStep: async () => {} }
  assert.deepEqual(await trained(vanishing), expected)
  assert.equal(asked.length, 0)

  const empty = join(root, 'empty')
  mkdirSync(empty)
  writeFileSync(join(empty, 'config.json'), '{}')
  for (const state of [second, { step: 2, folder: empty }]) {
    const broken: TrainingStates = { newest: () => state, afterStep: async () => {} }
    await assert.rejects(trained(broken), { kind: 'CheckpointInvalid' })
  }
  assert.equal(tensors(), before)
})
