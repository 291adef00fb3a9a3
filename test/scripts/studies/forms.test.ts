import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Item } from '../../../pipelines/data/item.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { accuracyByForm, formsOf } from '../../../scripts/studies/forms.js'
import { changeWeight, tinyConfig, tinyPolicy } from '../../pipelines/model/tiny-policy.js'

test('each form has its share of a section and its accuracy; a form that is never used has no accuracy', () => {
  const row = (section: string, direct: boolean, correct: boolean) => ({ section, direct, correct })
  const answered = [
    row('add3', false, true),
    row('add3', false, false),
    row('add3', true, false),
    row('add3', false, true),
    row('add1', true, true),
  ]
  assert.deepEqual(formsOf(answered), [
    { section: 'add3', direct: { share: 0.25, acc: 0 }, working: { share: 0.75, acc: 2 / 3 } },
    { section: 'add1', direct: { share: 1, acc: 1 }, working: { share: 0, acc: null } },
  ])
})

test('a policy that finds every token as likely as any other is direct as often as it says the mark first', async () => {
  const policy = tinyPolicy()
  changeWeight(policy, 'model.norm.weight', norm => tf.zerosLike(norm))
  const item: Item = {
    id: 'i',
    exam: 'e',
    section: 'add1',
    prompt: '3+4=',
    answer: '7',
    points: 1,
    total: 2,
    weight: 1,
  }
  const config = tinyConfig({ evaluation: { chunk: 200 } })
  const [forms] = await accuracyByForm({ policy, items: [item], config, samples: 2000 })
  // 13 characters and the end; the mark, the answer and the end follow one another once in 14 x 14 of the direct ones.
  assert.ok(Math.abs((forms?.direct.share ?? 0) - 1 / 14) < 0.03, `${forms?.direct.share}`)
  assert.ok((forms?.direct.acc ?? 1) < 0.1)
  disposePolicy(policy)
})
