import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutToWidth, oneLine, padToWidth, textWidth, wrapToWidth } from '../../../pipelines/text/width.js'

test('Chinese, Japanese, Korean and full-width characters take two columns, accents and zero-width characters none', () => {
  assert.equal(textWidth('abc'), 3)
  assert.equal(textWidth('数学题'), 6)
  assert.equal(textWidth('すし'), 4)
  assert.equal(textWidth('한글'), 4)
  assert.equal(textWidth('Ａ１'), 4)
  assert.equal(textWidth('e\u0301'), 1)
  assert.equal(textWidth('a\u200bb'), 2)
  assert.equal(textWidth('👍'), 2)
  assert.equal(textWidth('± é …'), 5)
})

test('a cut never ends in half of a wide character and stays within its width', () => {
  assert.equal(cutToWidth('数学题', 6), '数学题')
  assert.equal(cutToWidth('数学题', 5), '数学…')
  assert.equal(cutToWidth('数学题', 4), '数…')
  assert.equal(cutToWidth('abc', 0), '')
})

test('lines break between words, and a word that is too long is not cut', () => {
  assert.deepEqual(wrapToWidth('one two three four', 9), ['one two', 'three', 'four'])
  assert.deepEqual(wrapToWidth('数学 题目 a', 7), ['数学', '题目 a'])
  assert.deepEqual(wrapToWidth('uniform 0.0 ± 0.0', 12), ['uniform', '0.0 ± 0.0'])
  assert.deepEqual(wrapToWidth('see /a/path/that/is/long now', 10), ['see', '/a/path/that/is/long', 'now'])
})

test('padding counts columns and not characters', () => {
  assert.equal(padToWidth('数', 4, 'left'), '数  ')
  assert.equal(padToWidth('数', 4, 'right'), '  数')
})

test('control characters and escape sequences do not reach the terminal', () => {
  assert.equal(oneLine('a\u001b[2J\nb\r\tc'), 'a [2J b c')
  assert.equal(oneLine('\u009b31mred'), '31mred')
})
