import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { alphabetOf } from '../../../pipelines/data/alphabet.js'
import { demonstrations, responseText } from '../../../pipelines/data/demonstrations.js'
import type { Item } from '../../../pipelines/data/item.js'
import { syntheticDemonstrations } from '../../../pipelines/data/synthetic/demonstrations.js'

const recipe = {
  style: 'symbols',
  sectionShares: [1, 2, 2, 3],
  workingShares: [0.05, 0.7, 0.7, 0.7],
  seed: 1,
  batch: 128,
} as const

test('sections are drawn in the ratio of their shares, in every step', () => {
  for (const step of [1, 2, 900]) {
    const batch = syntheticDemonstrations({ ...recipe, step })
    const counts = ['add1', 'add2', 'mul', 'add3'].map(name => batch.filter(({ section }) => section === name).length)
    assert.deepEqual(counts, [16, 32, 32, 48])
  }
})

test('a share of 0 leaves a section out', () => {
  const batch = syntheticDemonstrations({ ...recipe, sectionShares: [0, 1, 0, 0], step: 3 })
  assert.ok(batch.every(({ section }) => section === 'add2'))
})

test('working is shown as often as the shares say, and leads to the same answer', () => {
  const shown = new Map<string, number[]>()
  for (let step = 1; step <= 100; step++) {
    for (const { section, prompt, response } of syntheticDemonstrations({ ...recipe, step })) {
      const [working = '', answer] = response.split('#')
      const [, left, operator, right] = /^(\d+)([+*])(\d+)=$/.exec(prompt) ?? []
      assert.equal(Number(answer), operator === '+' ? Number(left) + Number(right) : Number(left) * Number(right))
      shown.set(section, [...(shown.get(section) ?? []), working === '' ? 0 : 1])
    }
  }
  for (const [section, wanted] of [
    ['add1', 0.05],
    ['add2', 0.7],
    ['mul', 0.7],
    ['add3', 0.7],
  ] as const) {
    const of = shown.get(section) ?? []
    const share = of.reduce((sum, one) => sum + one, 0) / of.length
    const deviation = Math.sqrt((wanted * (1 - wanted)) / of.length)
    assert.ok(Math.abs(share - wanted) < 4 * deviation, `${section}: ${share}`)
  }
})

test('a step names its batch: the same again, and another for another step or seed', () => {
  assert.deepEqual(syntheticDemonstrations({ ...recipe, step: 7 }), syntheticDemonstrations({ ...recipe, step: 7 }))
  const prompts = (step: number, seed: number) =>
    syntheticDemonstrations({ ...recipe, step, seed }).map(({ prompt }) => prompt)
  assert.notDeepEqual(prompts(7, 1), prompts(8, 1))
  assert.notDeepEqual(prompts(7, 1), prompts(7, 2))
})

test('the last steps of a warm start show working equally often in every section', () => {
  const config = experimentSchema.parse({
    name: 'demonstrations',
    warmStart: { steps: 20, finalSteps: 5, workingShares: [0, 0, 0, 0], finalWorkingShare: 1 },
  })
  const withWorking = (step: number) =>
    demonstrations({ config, dataset: { train: [] }, step }).filter(({ response }) => !response.startsWith('#')).length
  assert.equal(withWorking(15), 0)
  assert.equal(withWorking(16), 128)
  assert.equal(withWorking(20), 128)
})

const items = Array.from(
  { length: 5 },
  (_, index): Item => ({
    id: `${index}`,
    exam: 'a',
    section: 'all',
    prompt: `第${index}题？`,
    answer: String(index),
    points: 1,
    total: 5,
    weight: 1,
    ...(index === 0 ? { working: '零' } : {}),
  }),
)
const fileConfig = experimentSchema.parse({
  name: 'file',
  data: { source: 'file', train: 'unused.jsonl' },
  warmStart: { batch: 3 },
})

test('items of a file come once in every pass, with their working where they have one', () => {
  const drawn = Array.from({ length: 10 }, (_, index) =>
    demonstrations({ config: fileConfig, dataset: { train: items }, step: index + 1 }),
  ).flat()
  assert.equal(drawn.length, 30)
  for (let pass = 0; pass < 6; pass++) {
    const responses = drawn.slice(pass * 5, pass * 5 + 5).map(({ response }) => response)
    assert.deepEqual(responses.sort(), ['#1', '#2', '#3', '#4', '零#0'])
  }
})

test('the final answer of a demonstration stands where the reward looks for it', () => {
  const write = (place: 'after-hash' | 'boxed' | 'last-line' | 'whole') =>
    responseText({ working: 'w', answer: '4', place })
  assert.deepEqual(
    [write('after-hash'), write('boxed'), write('last-line'), write('whole')],
    ['w#4', 'w\\boxed{4}', 'w\n4', '4'],
  )
})

test('the alphabet of a file holds the characters of its items and of the marks before an answer', () => {
  const characters = alphabetOf({ data: fileConfig.data, dataset: { train: items, test: [] } })
  for (const character of '第题？零01234#\\boxed{}\n') assert.ok(characters.includes(character), character)
  assert.deepEqual(characters, [...characters].sort())
})
