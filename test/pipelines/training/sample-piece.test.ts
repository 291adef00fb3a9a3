/** The rollout of a step in pieces has the responses of the whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Item } from '../../../pipelines/data/item.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { promptsOfStep } from '../../../pipelines/rollout/prompts.js'
import type { Rollout } from '../../../pipelines/rollout/response.js'
import { rollOut } from '../../../pipelines/rollout/roll-out.js'
import { LocalSampler } from '../../../pipelines/sampling/local-sampler.js'
import { joined, samplePiece } from '../../../pipelines/training/sample-piece.js'
import { tinyConfig, tinyPolicy } from '../model/tiny-policy.js'

const items: Item[] = Array.from({ length: 9 }, (_, index) => ({
  id: `i${index}`,
  exam: 'e',
  section: 'add1',
  prompt: `${index}+${'1'.repeat(1 + (index % 3))}=`,
  answer: '1',
  points: 1,
  total: 10,
  weight: 1,
}))
/** 28 rows, of which 16 are decoded at a time. */
const config = tinyConfig({ rollout: { prompts: 7, samples: 4, maxTokens: 24, chunk: 16 } })
const step = 3

/** Sum over the tokens of a difference in rounding. */
const near = 1e-4

test('pieces of any size have the tokens of the whole, and its log-probabilities but for rounding', async () => {
  const policy = tinyPolicy()
  const reference = tinyPolicy(2)
  const options = { policy: new LocalSampler(policy), reference: new LocalSampler(reference), config, step }
  const prompts = promptsOfStep({ items, prompts: 7, step, seed: config.seed })
  const whole = await rollOut({ ...options, items: prompts, hooks: noHooks })
  const words = ({ responses }: Rollout) =>
    responses.map(({ logProbs: _, referenceLogProbs: __, entropy: ___, ...rest }) => rest)
  const numbers = ({ responses }: Rollout) =>
    responses.flatMap(({ logProbs, referenceLogProbs = [], entropy = 0 }) => [
      ...logProbs,
      ...referenceLogProbs,
      entropy,
    ])
  for (const count of [1, 2, 3, 5, 7]) {
    const pieces: Rollout[] = []
    for (let first = 0; first < 7; first += count) {
      pieces.push(await samplePiece({ ...options, items, first, count, hooks: noHooks }))
    }
    const together = joined(step, pieces)
    assert.deepEqual(together.prompts, whole.prompts)
    assert.deepEqual(words(together), words(whole), `pieces of ${count}`)
    const expected = numbers(whole)
    const farthest = Math.max(
      ...numbers(together).map((number, index) => Math.abs(number - (expected[index] as number))),
    )
    assert.ok(farthest < near, `pieces of ${count}: ${farthest}`)
  }
  disposePolicy(policy)
  disposePolicy(reference)
})
