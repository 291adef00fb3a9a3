/** Weighted partial correlation: what x and y share beyond what each shares with z, linearly. */
import { weightedMean } from './weighted-mean.js'

/**
 * (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2)) of the weighted Pearson correlations; r_xy itself for z null. In [-1, 1]; null where
 * x or y does not vary beyond z, and with so few items of any weight that it can only be ±1: fewer than three, or four with z.
 * SciPy has no weights; with equal ones it is the correlation of the residuals of both on z.
 */
export function partialCorrelation(
  x: readonly number[],
  y: readonly number[],
  weights: readonly number[],
  z: readonly number[] | null,
): number | null {
  const xy = weightedCorrelation(x, y, weights)
  if (z === null || xy === null) return xy
  const [xz, yz] = [weightedCorrelation(x, z, weights), weightedCorrelation(y, z, weights)]
  // A z that does not vary explains nothing.
  if (xz === null || yz === null) return xy
  if (counted(weights) < 4) return null
  const left = (1 - xz * xz) * (1 - yz * yz)
  return left < 1e-9 ? null : bounded((xy - xz * yz) / Math.sqrt(left))
}

function weightedCorrelation(x: readonly number[], y: readonly number[], weights: readonly number[]): number | null {
  if (counted(weights) < 3) return null
  const [centreX, centreY] = [weightedMean(x, weights), weightedMean(y, weights)]
  const products = (a: readonly number[], b: readonly number[], meanA: number, meanB: number) =>
    weightedMean(
      a.map((value, index) => (value - meanA) * ((b[index] ?? Number.NaN) - meanB)),
      weights,
    )
  const spread = products(x, x, centreX, centreX) * products(y, y, centreY, centreY)
  return spread > 0 ? bounded(products(x, y, centreX, centreY) / Math.sqrt(spread)) : null
}

const counted = (weights: readonly number[]): number => weights.filter(weight => weight > 0).length

function bounded(r: number): number {
  return Math.min(1, Math.max(-1, r))
}
