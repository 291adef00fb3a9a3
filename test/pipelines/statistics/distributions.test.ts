import { test } from 'node:test'
import {
  normalCumulative,
  normalQuantile,
  studentQuantile,
  twoSidedP,
} from '../../../pipelines/statistics/distributions.js'
import { noncentralStudentCumulative } from '../../../pipelines/statistics/noncentral-student.js'
import { close, golden } from './golden.js'

const { distributions } = golden

test("the normal distribution and its quantiles are SciPy's, far tails to their digits", () => {
  for (const [z, share] of distributions.normal) close(normalCumulative(z) / share, 1, 1e-12)
  for (const [share, z] of distributions.normal_quantile) close(normalQuantile(share), z, 1e-9)
})

test("Student's quantiles and tails are SciPy's, degrees whole or not", () => {
  for (const [share, degrees, t] of distributions.student_quantile) close(studentQuantile(share, degrees) / t, 1, 1e-8)
  for (const [t, degrees, p] of distributions.student_two_sided) close(twoSidedP(t, degrees) / p, 1, 1e-9)
})

test('the noncentral distribution is what quadrature gives, and SciPy where it is sound', () => {
  for (const [t, degrees, shift, share] of [...distributions.noncentral, ...distributions.noncentral_scipy]) {
    close(noncentralStudentCumulative(t, degrees, shift), share, 1e-9)
  }
})

test('a shift whose Poisson weights underflow still has a distribution that rises from 0 to 1', () => {
  // Near the shift, T / shift is close to sqrt(degrees / chi2): half of it lies about 1.
  close(noncentralStudentCumulative(100, 1e4, 100), 0.5, 0.01)
  close(noncentralStudentCumulative(90, 1e4, 100), 0, 1e-9)
  close(noncentralStudentCumulative(110, 1e4, 100), 1, 1e-9)
  // Series and quadrature meet at a shift of 37.
  for (const t of [20, 37, 60]) {
    const [below, above] = [37 - 1e-9, 37 + 1e-9].map(shift => noncentralStudentCumulative(t, 4, shift))
    close(below, above ?? Number.NaN, 1e-9)
  }
  close(noncentralStudentCumulative(1e9, 4, 1e9), 1 - 0.59399415, 1e-6)
})
