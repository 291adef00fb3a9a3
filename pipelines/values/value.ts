/** The human value of an item, v = points / total (eq. 2), and the statistics of a set of values. */

export interface ItemValue {
  itemId: string
  section: string
  points: number
  total: number
  /** In (0, 1], or above 1 for a bonus question under `value.bonus: allow`. */
  value: number
}

export interface ValueStatistics {
  n: number
  mean: number
  /** Quantiles at 0, 0.05, 0.25, 0.5, 0.75, 0.95, 1. */
  quantiles: Record<string, number>
  /** Share of items with alpha * v > cap, whose scale is clipped. */
  shareClipped: number
  histogram: readonly { from: number; to: number; count: number }[]
}
