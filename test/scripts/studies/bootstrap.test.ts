import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { estimate, mean } from '../../../pipelines/statistics/estimate.js'
import {
  biasCorrected,
  bootstrapInterval,
  jackknifeAcceleration,
  meanAt,
  narrowness,
  resampled,
} from '../../../scripts/studies/bootstrap.js'
import { close, golden } from '../../pipelines/statistics/golden.js'

const ofMean = (values: readonly number[], seed = 0) =>
  bootstrapInterval({ units: values.length, statistic: meanAt(values), seed, replicates: 500 })

test("on given replicates BCa is SciPy's, and BC the formula's in NumPy", () => {
  for (const { values, replicates, accelerated, bias_corrected } of golden.bootstraps) {
    const own = { replicates, estimate: mean(values) }
    const acceleration = jackknifeAcceleration(values.length, meanAt(values))
    const [bca, bc] = [biasCorrected({ ...own, acceleration }), biasCorrected(own)]
    close(bca?.low, accelerated[0], 1e-9)
    close(bca?.high, accelerated[1], 1e-9)
    close(bc?.low, bias_corrected[0], 1e-9)
    close(bc?.high, bias_corrected[1], 1e-9)
  }
})

test("on its own replicates BCa comes within Monte Carlo error of SciPy's 200,000", () => {
  for (const { values, many } of golden.bootstraps) {
    const found = bootstrapInterval({ units: values.length, statistic: meanAt(values), replicates: 20_000 })
    const width = many[1] - many[0]
    close(found?.accelerated.low, many[0], 0.03 * width)
    close(found?.accelerated.high, many[1], 0.03 * width)
  }
})

test('the same seed gives the same bits, another seed others', () => {
  const values = [0.61, 0.58, 0.66, 0.6, 0.63]
  assert.deepEqual(ofMean(values, 5), ofMean(values, 5))
  assert.notDeepEqual(ofMean(values, 5), ofMean(values, 6))
  // Committed, so that a change of the stream or of the order of draws shows.
  const drawn: string[] = []
  resampled({ units: 5, statistic: places => drawn.push(places.join('')), replicates: 3 })
  assert.deepEqual(drawn, ['00443', '22111', '41112'])
})

const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 12 })

test('the interval moves with a shift and stretches with a scale', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 7 }), (sample, shift, scale) => {
      const before = ofMean(sample)
      const after = ofMean(sample.map(value => scale * value + shift))
      assert.ok(before !== null && after !== null)
      for (const kind of ['biasCorrected', 'accelerated', 'widened'] as const) {
        close(after[kind].low, scale * before[kind].low + shift, 1e-6)
        close(after[kind].high, scale * before[kind].high + shift, 1e-6)
      }
    }),
    { numRuns: 40 },
  )
})

test('values all alike have an interval of no width; one value has none', () => {
  assert.deepEqual(ofMean([3, 3, 3])?.widened, { low: 3, high: 3 })
  assert.equal(ofMean([3]), null)
})

test('resamples without a value of the statistic are left out', () => {
  const found = biasCorrected({ replicates: [Number.NaN, 1, 2, 3, Number.NaN], estimate: 2, level: 0.5 })
  assert.deepEqual(found, biasCorrected({ replicates: [1, 2, 3], estimate: 2, level: 0.5 }))
  assert.equal(biasCorrected({ replicates: [Number.NaN], estimate: 2 }), null)
})

test('an estimate beyond all replicates gives their end, not NaN', () => {
  const found = biasCorrected({ replicates: [1, 2, 3, 4], estimate: 9 })
  assert.ok(found !== null && found.low <= found.high && found.high <= 4)
})

test("of a symmetric sample the widened interval has about the width of Student's", () => {
  const sample = [-3, -2, -1, 0, 1, 2, 3]
  const found = bootstrapInterval({ units: 7, statistic: meanAt(sample), replicates: 20_000 })
  assert.ok(found !== null)
  close(found.widened.high - found.widened.low, 2 * (estimate(sample).half ?? 0), 0.15)
  close(narrowness(5), 1.5836, 1e-3)
})
