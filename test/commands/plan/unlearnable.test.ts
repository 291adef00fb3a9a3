/** Warnings about runs that cannot learn, whatever happens in them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unlearnableFindings } from '../../../commands/plan/unlearnable.js'
import type { DataSet, Item } from '../../../pipelines/data/item.js'
import { experimentPlan, sweepPlan } from '../plans.js'

const item = (id: string, answer: string): Item => ({
  id,
  exam: id,
  section: 's',
  prompt: 'how much?',
  answer,
  points: 1,
  total: 1,
  weight: 1,
})

const data = (...answers: string[]): DataSet => ({
  train: answers.map((answer, index) => item(`i${index}`, answer)),
  test: [],
  skipped: [],
  warnings: [],
})

const found = (parts: Record<string, unknown>, dataset = data('1234', '123456', '12345678')) =>
  unlearnableFindings(experimentPlan('one', { data: { source: 'file', train: 'a.jsonl' }, ...parts }), dataset)

const place = { answer: 'whole' }

test('a limit below the shortest reference is told with its item and tokens, the end token counted', () => {
  const [first, ...others] = found({ reward: place, rollout: { maxTokens: 4 } })
  assert.deepEqual(others, [])
  assert.equal(first?.severity, 'warning')
  assert.match(
    first?.sentence ?? '',
    /^one: rollout\.maxTokens 4 is below the shortest reference: that of i0 takes 5 tokens/,
  )
  assert.deepEqual(found({ reward: place, rollout: { maxTokens: 9 } }), [])
})

test('the form of the final answer counts: a box takes tokens too', () => {
  assert.deepEqual(found({ reward: { answer: 'last-line' }, rollout: { maxTokens: 9 } }), [])
  assert.match(
    found({ reward: { answer: 'boxed' }, rollout: { maxTokens: 9 } })[0]?.sentence ?? '',
    /that of i0 takes 13 tokens/,
  )
})

test('if some references fit, it is told from more than half on that do not', () => {
  const [first] = found({ reward: place, rollout: { maxTokens: 5 } })
  assert.match(first?.sentence ?? '', /too short for 2 of the 3 references \(66\.7%\)/)
  assert.deepEqual(found({ reward: place, rollout: { maxTokens: 7 } }), [])
})

test('nothing is said of references that a verifier of the user or a choice reads', () => {
  const rollout = { maxTokens: 2 }
  assert.equal(found({ reward: { ...place, verifier: 'exact' }, rollout }).length, 1)
  for (const verifier of ['./own.mjs', 'choice'])
    assert.deepEqual(found({ reward: { ...place, verifier }, rollout }), [])
})

test('samples that are all the same and steps that are lost are told, and only of training', () => {
  const rollout = { maxTokens: 20, temperature: 0.01 }
  const update = { learningRate: 1e-12 }
  const sentences = found({ reward: place, rollout, update }).map(({ sentence }) => sentence)
  assert.equal(sentences.length, 2)
  assert.match(sentences[0] ?? '', /rollout\.temperature 0\.01/)
  assert.match(sentences[1] ?? '', /update\.learningRate 1e-12/)
  assert.deepEqual(found({ reward: place, rollout, update, steps: 0 }), [])
  assert.deepEqual(
    found({ reward: place, rollout: { maxTokens: 20, temperature: 0.1 }, update: { learningRate: 1e-8 } }),
    [],
  )
})

test('a warning of every arm is told once', () => {
  const plan = sweepPlan('exam', { data: { source: 'file', train: 'a.jsonl' }, rollout: { maxTokens: 1 } })
  assert.equal(unlearnableFindings(plan, data('1234')).length, 1)
})
