import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatCount,
  formatDuration,
  formatEstimate,
  formatMoment,
  formatShare,
} from '../../../commands/text/format.js'

test('a duration has two units at most, and rounding never shows sixty of the smaller one', () => {
  const written = [0, 8.4, 59.6, 125, 3599.7, 3840, 86399.9, 266400].map(formatDuration)
  assert.deepEqual(written, [
    '0 s',
    '8 s',
    '1 min 00 s',
    '2 min 05 s',
    '1 h 00 min',
    '1 h 04 min',
    '1 d 0 h',
    '3 d 2 h',
  ])
  assert.equal(formatDuration(Number.NaN), '?')
  assert.equal(formatDuration(-3), '0 s')
})

test('an estimate is rounded to what it can promise', () => {
  assert.deepEqual([3, 47, 200, 7200].map(formatEstimate), ['some seconds', 'about 50 s', 'about 3 min', 'about 2.0 h'])
})

test('counts are shortened at thousands, millions and billions, without 1000.0k', () => {
  const written = [950, 9999, 12_345, 999_949, 999_950, 4_500_000, 2e9].map(formatCount)
  assert.deepEqual(written, ['950', '9999', '12.3k', '999.9k', '1.0M', '4.5M', '2.0G'])
})

test('a share is a percentage with one decimal, and a dash if there is no value', () => {
  assert.equal(formatShare(0.4216), '42.2')
  assert.equal(formatShare(undefined), '-')
})

test('a moment is written in local time', () => {
  assert.equal(formatMoment(new Date(2026, 2, 4, 5, 6).getTime()), '2026-03-04 05:06')
})
