/** Rollouts as the journal has them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { packRollout, unpackRollout } from '../../../activities/store/rollout-entry.js'
import type { Response, Rollout } from '../../../pipelines/rollout/response.js'

const float32 = (values: readonly number[]) => values.map(Math.fround)

/** Two prompts, two samples of each. */
const responses: Response[] = [
  { itemId: 'a', sample: 0, promptTokens: [1, 2], tokens: [3, 4, 5], text: 'x', logProbs: [], finish: 'stop' },
  { itemId: 'a', sample: 1, promptTokens: [1, 2], tokens: [], text: '', logProbs: [], entropy: 0.1, finish: 'length' },
  { itemId: 'b', sample: 0, promptTokens: [7], tokens: [8], text: 'é', logProbs: [], finish: 'stop', stoppedBy: '\n' },
  { itemId: 'b', sample: 1, promptTokens: [7], tokens: [9, 10], text: 'y', logProbs: [], finish: 'stop' },
].map(response => ({ ...response, logProbs: float32(response.tokens.map(token => -token / 7)) }) as Response)
const rollout: Rollout = { step: 3, prompts: ['a', 'b'], responses }
const withReference: Rollout = {
  ...rollout,
  responses: responses.map(response => ({ ...response, referenceLogProbs: float32(response.logProbs.map(Math.exp)) })),
}
const stored = (whole: Rollout) => unpackRollout(JSON.parse(JSON.stringify(packRollout(whole))))

/** With the first response changed. */
const changed = (change: Partial<Response>): Rollout => ({
  ...rollout,
  responses: [{ ...(responses[0] as Response), ...change }, ...responses.slice(1)],
})

describe('a rollout in the journal', () => {
  it('comes back as it was, to the last bit', () => {
    const dynamic = { rounds: 1, prompts: 4, replaced: 1, left: 0, tokens: 9 }
    for (const whole of [rollout, withReference, { ...rollout, dynamic }, { ...rollout, prompts: [], responses: [] }])
      assert.deepEqual(stored(whole), whole)
  })

  it('has log-probabilities as little-endian float32 in base64, and a prompt once', () => {
    const one: Rollout = { step: 1, prompts: ['a'], responses: [] }
    const response = { itemId: 'a', sample: 0, promptTokens: [1], tokens: [2, 3], text: 'z', finish: 'stop' as const }
    // python3 -c "import base64, struct; print(base64.b64encode(struct.pack('<2f', -0.5, -2)).decode())"
    assert.deepEqual(packRollout({ ...one, responses: [{ ...response, logProbs: [-0.5, -2] }] }), {
      ...one,
      promptTokens: [[1]],
      responses: [{ tokens: [2, 3], text: 'z', finish: 'stop' }],
      logProbs: 'AAAAvwAAAMA=',
    })
  })

  it('is stored as it is if the short form would change it', () => {
    const others: Rollout[] = [
      changed({ logProbs: [-0.1, -0.5, -0.5] }),
      changed({ logProbs: [Number.NaN, -0.5, -0.5] }),
      changed({ logProbs: [-0.5] }),
      changed({ referenceLogProbs: [-0.5, -0.5, -0.5] }),
      changed({ itemId: 'c' }),
      changed({ sample: 5 }),
      changed({ promptTokens: [1] }),
      { ...rollout, responses: responses.slice(1) },
      { ...rollout, responses: [] },
    ]
    for (const whole of others) assert.equal(packRollout(whole), whole)
  })

  it('of an older version is read', () => {
    assert.deepEqual(unpackRollout(rollout), rollout)
  })
})
