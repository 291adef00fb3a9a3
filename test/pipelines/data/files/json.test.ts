/** JSON as data files have it: bare numbers of Python, numbers with their digits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson } from '../../../../pipelines/data/files/json.js'
import { WrittenNumber } from '../../../../pipelines/data/files/written-number.js'

test('JSON with bare numbers is read as Python writes it, and broken JSON is refused', () => {
  const { a, b } = parseJson('{"a":[NaN,Infinity,-Infinity],"b":"NaN \\" Infinity"}') as {
    a: WrittenNumber[]
    b: string
  }
  assert.deepEqual(
    a.map(({ value }) => value),
    [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  )
  assert.equal(b, 'NaN " Infinity')
  for (const text of [
    '{"a":NaN',
    '{"a":nan}',
    '{"a":1,}',
    '[1 2]',
    '{"a":01}',
    '"\u0001"',
    '"\\x"',
    '{"a":+1}',
    '1 2',
    '',
  ]) {
    assert.throws(() => parseJson(text), SyntaxError, text)
  }
})

test('JSON values are those of JSON.parse, but for numbers, which keep their digits', () => {
  const asParsed = (value: unknown): unknown => {
    if (value instanceof WrittenNumber) return value.value
    if (Array.isArray(value)) return value.map(asParsed)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asParsed(inner)]))
  }
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary', maxDepth: 4 }), fc.constantFrom(undefined, 1), (text, indent) => {
      const json = JSON.stringify(JSON.parse(text), null, indent)
      assert.deepEqual(asParsed(parseJson(json)), JSON.parse(json))
    }),
    { seed: 1, numRuns: 2000 },
  )
  for (const digits of ['18446744073709551616', '1.10', '1e21', '-0', '0.1E+5']) {
    assert.deepEqual(parseJson(`[${digits}]`), [new WrittenNumber(digits)])
  }
})

test('a key that is given twice and half a surrogate pair are refused, at any depth', () => {
  assert.throws(() => parseJson('{"answer":"999","answer":"1"}'), /the key "answer" twice/)
  assert.throws(() => parseJson('{"a":[{"b":1,"\\u0062":2}]}'), /the key "b" twice/)
  assert.throws(() => parseJson('{"prompt":"x \\ud83d y"}'), /half a surrogate pair \(\\ud83d\) in "prompt"/)
  assert.throws(() => parseJson('{"prompt":[{"content":"\\udc00"}]}'), /half a surrogate pair \(\\udc00\) in "prompt"/)
  assert.deepEqual(parseJson('{"a":"\\ud83d\\ude00","__proto__":{}}'), JSON.parse('{"a":"😀","__proto__":{}}'))
})
