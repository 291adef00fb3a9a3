/** What SciPy and statsmodels found, see test/fixtures/statistics/make.py; and how close ours has to be. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

type Ends = [number, number]

interface Golden {
  distributions: {
    normal: [number, number][]
    normal_quantile: [number, number][]
    student_quantile: [number, number, number][]
    student_two_sided: [number, number, number][]
    noncentral: [number, number, number, number][]
    noncentral_scipy: [number, number, number, number][]
  }
  paired: {
    differences: number[]
    mean: number
    interval: Ends
    p: number
    sign_flip: number
    d: number
    g: number
    d_interval: Ends
  }[]
  long_flip: { differences: number[]; exact: number }
  holm: { p: number[]; corrected: number[] }[]
  correlations: {
    x: number[]
    y: number[]
    ranks: number[]
    pearson: [number, number, number, number]
    spearman: [number, number, number, number]
  }[]
  bootstraps: { values: number[]; replicates: number[]; accelerated: Ends; bias_corrected: Ends; many: Ends }[]
  power: { effect: number; significance: number; power: [number, number][]; needed: number | null }[]
  two_way: { scores: number[][]; variance: number; degrees: number; interval: Ends }
}

export const golden = JSON.parse(readFileSync('test/fixtures/statistics/golden.json', 'utf8')) as Golden

export function close(found: number | null | undefined, expected: number, tolerance = 1e-6): void {
  const far = found == null ? Number.NaN : Math.abs(found - expected)
  assert.ok(far <= tolerance, `${found}, not ${expected}`)
}
