/** Quantiles of a sample. */

/** Linear between the order statistics at (n - 1) * share (Hyndman and Fan's type 7, NumPy's default); 0 of nothing. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? 0
  const above = sorted[Math.ceil(position)] ?? below
  return below + (above - below) * (position - Math.floor(position))
}
