/** Eq. 13 of the paper's appendix on the tiny policy: the predicted gradient of the EOS logit is the one that autograd gives. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { defaultEngine, disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { type EosGradient, eosGradient } from '../../../scripts/studies/eos-gradient.js'
import { prompt, tinyPolicy } from '../../pipelines/model/tiny-policy.js'

after(disposeEngines)

const states = [
  { question: '1+2=', begun: '' },
  { question: '1+2=', begun: '#3' },
  { question: '40+7=', begun: '4' },
  { question: '9=', begun: '7#' },
]

/** Correct is what holds the digit 3 an odd number of times: about half of what is drawn, some by ending here, some by going on. */
function measure(policy: Policy, { question, begun, scale = 1 }: { question: string; begun: string; scale?: number }) {
  const three = policy.tokenizer.encode('3')[0]
  return eosGradient({
    policy,
    promptTokens: prompt(policy, question),
    begun: policy.tokenizer.encode(begun),
    furtherTokens: 2,
    scale,
    correct: tokens => tokens.filter(token => token === three).length % 2 === 1,
  })
}

const eagerPolicy = (): Policy => ({ ...tinyPolicy(), engine: { ...defaultEngine, mode: 'eager' } })

const apart = ({ predicted, differentiated }: EosGradient) => Math.abs(predicted / differentiated - 1)

for (const mode of ['recorded', 'eager'] as const) {
  test(`predicted and differentiated agree within 1%, ${mode}`, () => {
    const policy = { ...tinyPolicy(), engine: { ...defaultEngine, mode } }
    for (const state of states) {
      const found = measure(policy, state)
      assert.ok(found.eos > 0 && found.eos < 1 && found.going > 0 && found.going < 1)
      assert.ok(apart(found) < 0.01, `${state.question}${state.begun}: ${JSON.stringify(found)}`)
    }
    // Ended with one 3, it is correct and so is ending: the logit is to rise. Without one, it is to fall.
    assert.ok(measure(policy, { question: '1+2=', begun: '#3' }).differentiated > 0)
    assert.ok(measure(policy, { question: '40+7=', begun: '4' }).differentiated < 0)
    disposePolicy(policy)
    disposeEngines()
  })
}

test('the scale of the value multiplies the gradient and nothing else', () => {
  const policy = eagerPolicy()
  const state = { question: '1+2=', begun: '#3' }
  const [plain, valued] = [measure(policy, state), measure(policy, { ...state, scale: 1.6 })]
  assert.ok(Math.abs(valued.differentiated / plain.differentiated - 1.6) < 1e-3)
  assert.deepEqual([valued.eos, valued.ended, valued.going], [plain.eos, plain.ended, plain.going])
  disposePolicy(policy)
})

test('probabilities of all continuations are a whole: what ends now and what goes on', () => {
  const policy = eagerPolicy()
  const all = eosGradient({
    policy,
    promptTokens: prompt(policy, '1+2='),
    begun: [],
    furtherTokens: 2,
    scale: 1,
    correct: () => true,
  })
  // Everything that ends is correct, so going on loses what does not end within two tokens.
  assert.equal(all.ended, 1)
  assert.ok(all.going < 1 && all.predicted > 0)
  disposePolicy(policy)
})

test('too many continuations are refused with the number that is allowed', () => {
  const policy = eagerPolicy()
  const call = () =>
    eosGradient({
      policy,
      promptTokens: prompt(policy, '1='),
      begun: [],
      furtherTokens: 9,
      scale: 1,
      correct: () => true,
    })
  assert.throws(call, { kind: 'CallInvalid', message: /at most 20000 continuations/ })
  disposePolicy(policy)
})
