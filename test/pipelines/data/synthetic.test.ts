import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { examNames } from '../../../pipelines/config/schema.js'
import { exams, sectionNames, totalPoints } from '../../../pipelines/data/exams.js'
import type { Item } from '../../../pipelines/data/item.js'
import { syntheticItems } from '../../../pipelines/data/synthetic/items.js'
import { alphabet, promptOf } from '../../../pipelines/data/synthetic/prompts.js'
import { additionWorking, drawQuestion, productWorking } from '../../../pipelines/data/synthetic/question.js'

const options = {
  exam: 'v7',
  style: 'symbols',
  trainPapers: 12,
  testItemsPerSection: 50,
  seed: 1,
  testSeed: 99999,
} as const

/*
 * Made with Python:
 *   def add(a, b):
 *       n, c, w = len(str(a)), 0, []
 *       for k in range(n):
 *           t = a // 10**k % 10 + b // 10**k % 10 + c
 *           w.append(f'{t:02d}'); c = t // 10
 *       return ''.join(w)
 *   def mul(a, b):
 *       p, q = a % 10 * b, a // 10 * b
 *       return f'{p:02d}{q:02d}{q + p // 10:02d}'
 */
const sums = [
  [3, 4, '07'],
  [9, 8, '17'],
  [12, 34, '0604'],
  [58, 67, '1512'],
  [99, 99, '1819'],
  [507, 495, '121010'],
  [999, 999, '181919'],
  [100, 100, '000002'],
] as const
const products = [
  [12, 3, '060303'],
  [47, 6, '422428'],
  [99, 9, '818189'],
  [10, 2, '000202'],
] as const

const paperLength = (exam: (typeof examNames)[number]): number => exams[exam].reduce((sum, { items }) => sum + items, 0)

test('the working of known operands is that of the independent trial', () => {
  for (const [left, right, working] of sums) assert.equal(additionWorking(left, right), working, `${left}+${right}`)
  for (const [left, right, working] of products) assert.equal(productWorking(left, right), working, `${left}*${right}`)
})

test('the operands of a section have its number of digits, and both ends of their range occur', () => {
  const ranges = {
    add1: [1, 9, 1, 9],
    add2: [10, 99, 10, 99],
    add3: [100, 999, 100, 999],
    mul: [10, 99, 2, 9],
  } as const
  for (const section of sectionNames) {
    const [leftLow, leftHigh, rightLow, rightHigh] = ranges[section]
    const lowest = drawQuestion(section, () => 0)
    const highest = drawQuestion(section, bound => bound - 1)
    assert.deepEqual([lowest.left, lowest.right], [leftLow, rightLow])
    assert.deepEqual([highest.left, highest.right], [leftHigh, rightHigh])
  }
})

test('compositions have the totals and mean values that the documentation names', () => {
  const expected = {
    v7: [20, 100],
    v5: [20, 99],
    pl: [50, 152],
    p50: [50, 173],
    nc: [20, 100],
    inv: [20, 100],
  } as const
  for (const exam of examNames) assert.deepEqual([paperLength(exam), totalPoints(exam)], expected[exam], exam)
  const values = exams.v7.map(({ points }) => points / totalPoints('v7'))
  assert.deepEqual(values, [0.01, 0.08, 0.12, 0.25])
})

test('every training paper has the items of its composition, in its own order', () => {
  for (const exam of examNames) {
    const { train } = syntheticItems({ ...options, exam, trainPapers: 3 })
    const papers = groupByExam(train)
    assert.deepEqual([...papers.keys()], [`${exam}-0001`, `${exam}-0002`, `${exam}-0003`])
    for (const paper of papers.values()) {
      for (const { section, items, points } of exams[exam]) {
        const found = paper.filter(item => item.section === section)
        assert.equal(found.length, items)
        assert.ok(found.every(item => item.points === points && item.weight === 1))
      }
      assert.equal(
        paper.reduce((sum, { points }) => sum + points, 0),
        paper[0]?.total,
      )
    }
  }
  const { train } = syntheticItems(options)
  const orders = [...groupByExam(train).values()].map(paper => paper.map(({ section }) => section).join())
  assert.ok(new Set(orders).size > 1)
})

test('ids are unique over training and test items', () => {
  const { train, test } = syntheticItems(options)
  const ids = [...train, ...test].map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  assert.equal(ids.length, 12 * 20 + 4 * 50)
})

test('weighted by section, the test items have the mean value of a paper', () => {
  for (const exam of examNames) {
    for (const testItemsPerSection of [1, 37, 400]) {
      const { test } = syntheticItems({ ...options, exam, testItemsPerSection })
      const weight = test.reduce((sum, item) => sum + item.weight, 0)
      const value = test.reduce((sum, item) => sum + (item.weight * item.points) / item.total, 0) / weight
      assert.ok(Math.abs(weight - paperLength(exam)) < 1e-9)
      assert.ok(Math.abs(value - 1 / paperLength(exam)) < 1e-12, `${exam}: ${value}`)
    }
  }
})

test('answers are right, and working leads to them', () => {
  const { train, test } = syntheticItems({ ...options, exam: 'p50' })
  for (const { prompt, answer, working = '', section } of [...train, ...test]) {
    const [, left = '', operator, right = ''] = /^(\d+)([+*])(\d+)=$/.exec(prompt as string) ?? []
    const result = operator === '+' ? Number(left) + Number(right) : Number(left) * Number(right)
    assert.equal(answer, String(result))
    assert.equal(working.length, { add1: 2, add2: 4, mul: 6, add3: 6 }[section])
    // The last intermediate result holds the leading digits of the answer.
    const leading = Math.floor(result / 10 ** (section === 'mul' ? 1 : left.length - 1))
    assert.equal(Number(working.slice(-2)), leading)
  }
})

test('the same seeds give the same items, and more papers only add to them', () => {
  assert.deepEqual(syntheticItems(options), syntheticItems(options))
  const more = syntheticItems({ ...options, trainPapers: 15, testItemsPerSection: 60 })
  const less = syntheticItems(options)
  assert.deepEqual(more.train.slice(0, less.train.length), less.train)
  const byId = new Map(more.test.map(item => [item.id, item]))
  for (const item of less.test) assert.deepEqual(byId.get(item.id)?.prompt, item.prompt)
})

test('the seed makes other training papers and leaves the test items as they are', () => {
  const other = syntheticItems({ ...options, seed: 2 })
  const first = syntheticItems(options)
  assert.notDeepEqual(other.train, first.train)
  assert.deepEqual(other.test, first.test)
  assert.notDeepEqual(syntheticItems({ ...options, testSeed: 5 }).test, first.test)
})

test('the first items of v7 with seed 1 stay what they are', () => {
  const { train, test } = syntheticItems(options)
  assert.deepEqual(
    train.slice(0, 4).map(({ id, section, prompt, answer, working }) => [id, section, prompt, answer, working]),
    [
      ['v7-0001-01', 'add2', '64+65=', '129', '0912'],
      ['v7-0001-02', 'add1', '3+3=', '6', '06'],
      ['v7-0001-03', 'add1', '8+7=', '15', '15'],
      ['v7-0001-04', 'add1', '7+4=', '11', '11'],
    ],
  )
  assert.equal(test[0]?.id, 'v7-test-add1-0001')
})

test('prompts are put in symbols, English and Chinese, with the operands in place', () => {
  const sum = { section: 'add2', left: 12, right: 34, operator: '+', answer: '46', working: '0604' } as const
  const product = { section: 'mul', left: 47, right: 6, operator: '*', answer: '282', working: '422428' } as const
  assert.equal(promptOf(sum, 'symbols', 0.99), '12+34=')
  assert.equal(promptOf(sum, 'english', 0), 'What is 12 plus 34?')
  assert.equal(promptOf(product, 'english', 0.999), 'What is the product of 47 and 6?')
  assert.equal(promptOf(product, 'chinese', 0), '47乘以6等于多少？')
})

test('the alphabet of a style holds every character of its prompts and responses, each once', () => {
  for (const style of ['symbols', 'english', 'chinese'] as const) {
    const characters = alphabet(style)
    assert.equal(new Set(characters).size, characters.length)
    const { train, test } = syntheticItems({ ...options, style })
    const used = [...train, ...test].map(({ prompt, answer, working }) => `${prompt}${working}#${answer}`).join('')
    assert.deepEqual(
      [...new Set(used)].filter(character => !characters.includes(character)),
      [],
    )
    assert.deepEqual(new Set(used).size, characters.length, 'no character is there for nothing')
  }
  assert.equal(alphabet('symbols').join(''), '0123456789#*+=')
})

test('any seed makes whole papers', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(...examNames), (seed, exam) => {
      const { train } = syntheticItems({ ...options, exam, seed, trainPapers: 2, testItemsPerSection: 1 })
      return train.reduce((sum, { points }) => sum + points, 0) === 2 * totalPoints(exam)
    }),
    { numRuns: 50 },
  )
})

function groupByExam(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(item.exam, [...(groups.get(item.exam) ?? []), item])
  return groups
}
