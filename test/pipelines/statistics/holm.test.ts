import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { holm } from '../../../pipelines/statistics/holm.js'
import { close, golden } from './golden.js'

const ps = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

test("Holm's correction multiplies by the hypotheses left and never falls", () => {
  assert.deepEqual(holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06])
  assert.deepEqual(holm([0.6, 0.9]), [1, 1])
  assert.deepEqual(holm([]), [])
})

test('corrected p values are those of statsmodels', () => {
  for (const { p, corrected } of golden.holm) {
    for (const [index, found] of holm(p).entries()) close(found, corrected[index] ?? Number.NaN, 1e-12)
  }
})

test('none is below its raw p or above 1, none above Bonferroni, and their order is kept', () => {
  fc.assert(
    fc.property(ps, values => {
      const corrected = holm(values)
      for (const [index, p] of values.entries()) {
        const own = corrected[index] as number
        assert.ok(own >= p && own <= Math.min(1, p * values.length) + 1e-15)
        for (const [other, q] of values.entries()) if (q <= p) assert.ok((corrected[other] as number) <= own)
      }
    }),
  )
})

test('a smaller raw p never makes another one larger', () => {
  fc.assert(
    fc.property(ps, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (values, place, share) => {
      if (values.length === 0) return
      const lowered = values.map((p, index) => (index === place % values.length ? p * share : p))
      const [before, after] = [holm(values), holm(lowered)]
      for (const [index, p] of after.entries()) assert.ok(p <= (before[index] as number) + 1e-15)
    }),
  )
})
