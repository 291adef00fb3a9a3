/** `data.prompt`: templates, system messages and solved examples. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { prepareData } from '../../../pipelines/data/prepare.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-asked-'))
after(() => rmSync(folder, { recursive: true }))

const rows = Array.from({ length: 12 }, (_, index) => ({
  id: `q${index}`,
  prompt: `${index} + 1 = ?`,
  answer: 'B',
  points: 2,
  total: 8,
  exam: `exam ${Math.floor(index / 4)}`,
  section: 'sums',
  choices: [String(index), String(index + 1)],
  working: `count on from ${index}`,
}))

async function asked(prompt: object, from: readonly object[] = rows) {
  const train = join(folder, 'rows.jsonl')
  writeFileSync(train, from.map(row => JSON.stringify(row)).join('\n'))
  const { data } = experimentSchema.parse({
    name: 'a',
    data: { source: 'file', train, testShare: 0.3, prompt },
  })
  const dataset = await prepareData(data, { seed: 1 })
  const all = [...dataset.train, ...dataset.test]
  return { ...dataset, all, of: (id: string) => all.find(item => item.id === id)?.prompt }
}

test('a template lays out the question, its lettered options and its points', async () => {
  const { of } = await asked({
    template: '[{points}/{total}, {exam}, {section}] {prompt}\n{choices}\n{instruction}\nAnswer:',
  })
  assert.equal(
    of('q3'),
    '[2/8, exam 0, sums] 3 + 1 = ?\nA. 3\nB. 4\nAnswer with the letter of the right option.\nAnswer:',
  )
})

test('a line whose placeholders are all empty is left out, and braces of LaTeX stay', async () => {
  const [{ choices: _, ...bare }] = rows as [(typeof rows)[number]]
  const others = [bare, { ...bare, id: 'q20', exam: 'other', prompt: '\\frac{1}{x} {y}' }]
  const { of } = await asked({ template: 'Q: {prompt}\n{choices}\n{instruction}\n\\boxed{}' }, others)
  assert.equal(of('q20'), 'Q: \\frac{1}{x} {y}\n\\boxed{}')
})

test('examples from the file stand before every question, and are in neither part', async () => {
  const {
    of,
    all,
    examples = [],
    train,
    test: tested,
  } = await asked({
    template: 'Q: {prompt}\nA:',
    examples: 2,
    answer: '{working}; so {answer}',
  })
  assert.equal(examples.length, 2)
  assert.deepEqual([all.length, train.length, tested.length], [10, 6, 4])
  assert.ok(examples.every(({ id }) => !all.some(item => item.id === id)))
  const shown = examples.map(({ id }) => `Q: ${id.slice(1)} + 1 = ?\nA: count on from ${id.slice(1)}; so B`)
  for (const { id, prompt } of all) assert.equal(prompt, [...shown, `Q: ${id.slice(1)} + 1 = ?\nA:`].join('\n\n'))
  const again = await asked({ template: 'Q: {prompt}\nA:', examples: 2 }, rows.toReversed())
  assert.deepEqual(
    again.examples?.map(({ id }) => id),
    examples.map(({ id }) => id),
  )
  assert.equal(typeof of(all[0]?.id ?? ''), 'string')
})

test('examples are named by id or given, and an id that is not there is refused', async () => {
  const { of, all, examples } = await asked({
    template: '{prompt}',
    examples: ['q7', { prompt: 'Is water wet?', answer: 'yes' }],
  })
  assert.deepEqual([all.length, examples?.map(({ id }) => id)], [11, ['q7']])
  assert.equal(of('q1'), '7 + 1 = ?\nB\n\nIs water wet?\nyes\n\n1 + 1 = ?')
  await assert.rejects(asked({ examples: ['q99'] }), { kind: 'DataInvalid', message: /q99/ })
  await assert.rejects(asked({ examples: 12 }), { kind: 'DataInvalid', message: /examples of data\.prompt/ })
})

test('a system message makes chat messages, with the examples as turns before the question', async () => {
  const { of } = await asked({ system: 'Answer briefly.', template: '{prompt}', examples: ['q0'] })
  assert.deepEqual(of('q5'), [
    { role: 'system', content: 'Answer briefly.' },
    { role: 'user', content: '0 + 1 = ?' },
    { role: 'assistant', content: 'B' },
    { role: 'user', content: '5 + 1 = ?' },
  ])
  const chat = await asked({ chat: true, template: '{prompt}' })
  assert.deepEqual(chat.of('q5'), [{ role: 'user', content: '5 + 1 = ?' }])
})

test('chat messages stay messages: the system message is replaced, the last question is laid out', async () => {
  const messages = [
    { role: 'system', content: 'Old.' },
    { role: 'user', content: 'What is 2 + 2?' },
  ]
  const from = rows.map((row, index) => ({ ...row, prompt: index === 0 ? messages : row.prompt }))
  const kept = await asked({ template: 'Q: {prompt}' }, from)
  assert.deepEqual(kept.of('q0'), [messages[0], { role: 'user', content: 'Q: What is 2 + 2?' }])
  const replaced = await asked({ system: 'New.', template: '{prompt}' }, from)
  assert.deepEqual(replaced.of('q0'), [{ role: 'system', content: 'New.' }, messages[1]])
})

test('what is a training question does not depend on how it is asked', async () => {
  const plain = await asked({ template: '{prompt}' })
  const other = await asked({ system: 'x', template: 'Q: {prompt}' })
  assert.deepEqual(
    other.train.map(({ id }) => id),
    plain.train.map(({ id }) => id),
  )
})

test('a template without the question, or with a name that no item has, is refused', () => {
  const parse = (template: string) =>
    experimentSchema.safeParse({ name: 'a', data: { source: 'file', train: 'x', prompt: { template } } }).success
  for (const template of ['Answer:', '{question}', '{prompt} {answer}', '\\text{prompt}'])
    assert.equal(parse(template), false, template)
  for (const template of ['{prompt}', 'Q: {prompt}\nPut it in \\boxed{answer}.', '{prompt} {choices} {1}'])
    assert.equal(parse(template), true, template)
})
