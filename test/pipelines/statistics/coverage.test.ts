import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coverageOverItems, coverageOverSeeds } from '../../../scripts/intervals/coverage.js'

/*
 * 93 to 97 of 100 in 2,000 studies each: the share itself scatters by 0.5. The studies are the same every time, so a test that passes
 * goes on passing until the intervals change.
 */
const holds = (covered: number | undefined, setting: string) =>
  assert.ok(covered !== undefined && covered >= 0.93 && covered <= 0.97, `${setting}: ${covered}`)

for (const shape of ['normal', 'heavy tails', 'skewed arms'] as const) {
  test(`the interval over seeds holds the truth in 93 to 97 of 100 studies: ${shape}`, () => {
    for (const seeds of [5, 10, 20]) {
      const { student } = coverageOverSeeds({ shape, seeds, studies: 2000, replicates: 0 })
      holds(student?.covered, `${shape}, ${seeds} seeds`)
    }
  })
}

for (const shape of ['normal', 'skewed arms'] as const) {
  test(`the interval over seeds and items holds the truth in 93 to 97 of 100 studies: ${shape}`, () => {
    for (const seeds of [5, 10, 20]) {
      const { twoWay, seedsAlone } = coverageOverItems({ shape, seeds, studies: 2000, replicates: 0 })
      holds(twoWay?.covered, `${shape}, ${seeds} seeds`)
      // The one over seeds speaks of the items at hand, so of all such items it is too narrow.
      assert.ok((seedsAlone?.covered ?? 1) < (twoWay?.covered ?? 0))
    }
  })
}

test("of a skewness of 2 five seeds are too few for Student's interval; BCa is worse, bootstrap-t better", () => {
  const { student, accelerated, studentized } = coverageOverSeeds({
    shape: 'exponential',
    seeds: 5,
    studies: 1000,
    replicates: 500,
  })
  assert.ok((student?.covered ?? 1) < 0.93)
  assert.ok((accelerated?.covered ?? 1) < (student?.covered ?? 0))
  assert.ok((studentized?.covered ?? 0) > (student?.covered ?? 1) + 0.03)
})
