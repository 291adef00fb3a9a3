/** Rows are cut out of bytes, however these arrive: by line, and as elements of a list. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lines } from '../../../../pipelines/data/files/lines.js'
import { ListElements } from '../../../../pipelines/data/files/list-elements.js'

test('lines are cut at newlines only, however long they are and however the bytes arrive', () => {
  const texts = ['', '短', 'x'.repeat(2000), '末行']
  const cut = (text: string, chunk: number) => {
    const found: string[] = []
    const lines = new Lines({ maxBytes: 1000 })
    const keep = (cuts: Iterable<Buffer | null>) => {
      for (const line of cuts) found.push(line?.toString() ?? 'too long')
    }
    for (const bytes of inChunks(text, chunk)) keep(lines.push(bytes))
    keep(lines.end())
    return found
  }
  for (const chunk of [1, 7, 5000]) {
    assert.deepEqual(cut(texts.join('\n'), chunk), ['', '短', 'too long', '末行'])
    assert.deepEqual(cut('a\nb\n', chunk), ['a', 'b'])
    assert.deepEqual(cut('', chunk), [])
  }
})

test('the elements of a list are cut alike, however the bytes arrive', () => {
  const values = [{ a: 'b"]},\\' }, 12, 'x,]"', [[], {}], { long: 'x'.repeat(2000) }, {}, null, { q: '\\\\"' }, '短']
  const cut = (text: string, chunk: number) => {
    const elements = new ListElements({ maxBytes: 1000, goesOn: false, line: 1 })
    const found: string[] = []
    for (const bytes of inChunks(text, chunk)) {
      for (const element of elements.push(bytes)) found.push(element?.toString().trim() ?? 'too long')
    }
    elements.end()
    return found
  }
  const whole = values.map(value => (JSON.stringify(value).length > 1000 ? 'too long' : JSON.stringify(value)))
  for (const chunk of [1, 2, 3, 5, 7, 5000]) {
    assert.deepEqual(cut(`[${whole.map((_, at) => JSON.stringify(values[at])).join(',')}]`, chunk), whole)
    assert.deepEqual(cut(' [ 1 , 2\n, {}  ] \n', chunk), ['1', '2', '{}'])
    assert.deepEqual(cut('[]', chunk), [])
    for (const [text, says] of [
      ['[1 2]', /does not end|no comma/],
      ['[{} {}]', /no comma/],
      ['[1,]', /no row/],
      ['[,1]', /no row/],
      ['[1', /does not end/],
      ['[1] 2', /after the end/],
      ['{}', /no list/],
    ] as const) {
      if (text === '[1 2]') assert.deepEqual(cut(text, chunk), ['1 2'])
      else assert.throws(() => cut(text, chunk), says, text)
    }
  }
})

function* inChunks(text: string, size: number): Generator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
