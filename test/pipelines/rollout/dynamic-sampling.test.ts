import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Item } from '../../../pipelines/data/item.js'
import {
  type DynamicSampling,
  drawnFor,
  furtherItems,
  type Round,
  sampleDynamically,
} from '../../../pipelines/rollout/dynamic-sampling.js'
import type { Response } from '../../../pipelines/rollout/response.js'

const items: Item[] = Array.from({ length: 12 }, (_, index) => ({
  ...{ id: `i${index}`, exam: 'e', section: 's', prompt: '', answer: '1', points: 1, total: 10, weight: 1 },
}))

/** Two responses a prompt, of as many tokens as the number of the prompt's draw says. */
const responsesTo = (id: string, draw: number): Response[] =>
  [0, 1].map(sample => ({
    ...{ itemId: id, sample, promptTokens: [1], text: '', logProbs: [], finish: 'stop' as const },
    tokens: Array.from({ length: draw + 1 }, () => 1),
  }))

/** Rounds whose prompts have a signal where this says so, in the order of drawing. */
function sampling(signals: readonly boolean[], more: Partial<DynamicSampling> = {}) {
  const asked: { ids: string[]; firstPrompt: number }[] = []
  let drawn = more.kept?.reduce((sum, { prompts }) => sum + prompts.length, 0) ?? 0
  const kept: number[] = []
  const options: DynamicSampling = {
    ...{ step: 1, seed: 1, prompts: 4, rounds: 3, items, first: items.slice(0, 4), kept: [] },
    sample: async (chosen, firstPrompt) => {
      asked.push({ ids: chosen.map(({ id }) => id), firstPrompt })
      return {
        prompts: chosen.map(({ id }) => id),
        signal: chosen.map((_, index) => signals[drawn + index] ?? false),
        responses: chosen.flatMap(({ id }) => responsesTo(id, drawn++)),
      }
    },
    keep: rounds => kept.push(rounds.length),
    ...more,
  }
  return { asked, kept, options }
}

test('places without a signal take the prompts that have one, in the order of drawing, until none is left', async () => {
  // Round 0: places 1 and 3 have none. Round 1 draws two: one has. Round 2 draws one: it has.
  const { asked, kept, options } = sampling([true, false, true, false, false, true, true])
  const { prompts, responses, dynamic } = await sampleDynamically(options)
  assert.deepEqual(
    asked.map(({ ids }) => ids.length),
    [4, 2, 1],
  )
  assert.deepEqual(
    asked.map(({ firstPrompt }) => firstPrompt),
    [0, 4, 8],
  )
  const [, second = { ids: [] }, third = { ids: [] }] = asked
  assert.deepEqual(prompts, ['i0', second.ids[1], 'i2', third.ids[0]])
  assert.deepEqual(
    responses.map(({ itemId, sample }) => [itemId, sample]),
    prompts.flatMap(id => [
      [id, 0],
      [id, 1],
    ]),
  )
  assert.deepEqual(dynamic, { rounds: 2, prompts: 7, replaced: 2, left: 0, tokens: 2 * (1 + 2 + 3 + 4 + 5 + 6 + 7) })
  assert.deepEqual(kept, [1, 2, 3])
  assert.equal(new Set(asked.flatMap(({ ids }) => ids)).size, 7, 'no item twice')
})

test('what has no signal after the last round stays, and no round follows where all have one', async () => {
  const nothing = await sampleDynamically(sampling([]).options)
  assert.deepEqual(nothing.prompts, ['i0', 'i1', 'i2', 'i3'])
  // 4 + 4 + 4, and then there is no item left.
  assert.deepEqual(nothing.dynamic, { rounds: 2, prompts: 12, replaced: 0, left: 4, tokens: 2 * 78 })
  const all = await sampleDynamically(sampling([true, true, true, true]).options)
  assert.deepEqual(all.dynamic, { rounds: 0, prompts: 4, replaced: 0, left: 0, tokens: 20 })
  const one = await sampleDynamically(sampling([false, true, true, true], { rounds: 1 }).options)
  assert.deepEqual([one.dynamic?.rounds, one.dynamic?.left], [1, 1])
})

test('rounds that are kept are not sampled again, and the step is the same', async () => {
  const signals = [true, false, true, false, false, true, true]
  const made: Round[][] = []
  const whole = await sampleDynamically(sampling(signals, { keep: rounds => made.push([...rounds]) }).options)
  assert.equal(made.length, 3)
  for (const kept of made) {
    const { asked, options } = sampling(signals, { kept })
    assert.deepEqual(await sampleDynamically(options), whole)
    assert.equal(asked.length, 3 - kept.length)
  }
})

test('a round draws as many prompts as a step has, or its half or quarter', () => {
  const drawn = (prompts: number, ...open: number[]) => open.map(count => drawnFor(count, prompts))
  assert.deepEqual(drawn(16, 1, 4, 5, 8, 9, 16), [4, 4, 8, 8, 16, 16])
  assert.deepEqual(drawn(3, 1, 2, 3), [1, 2, 3])
  assert.deepEqual(drawn(1, 1), [1])
})

test('further items are the same whenever they are asked for, other ones for each round, and none that the step has used', () => {
  const used = new Set(['i0', 'i1', 'i2'])
  const of = (step: number, round: number, count = 4) =>
    furtherItems({ items, used, prompts: 4, count, rounds: 3, round, step, seed: 1 }).map(({ id }) => id)
  assert.deepEqual(of(5, 1), of(5, 1))
  assert.notDeepEqual(of(5, 1), of(5, 2))
  assert.notDeepEqual(of(5, 1), of(6, 1))
  for (let step = 1; step < 30; step++) {
    const ids = of(step, 1, 12)
    assert.equal(ids.length, 9, 'all others')
    assert.equal(new Set([...ids, ...used]).size, 12)
  }
  // Over many steps every item comes about as often as any other.
  const counts = new Map<string, number>()
  for (let step = 1; step <= 300; step++) for (const id of of(step, 2)) counts.set(id, (counts.get(id) ?? 0) + 1)
  assert.equal(counts.size, 9)
  for (const count of counts.values()) assert.ok(count > 80 && count < 190, `${count}`)
})
