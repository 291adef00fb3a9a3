/**
 * Cuts the rows of an update into micro-batches: in their order, each as long as both limits allow. The
 * gradient is the sum over all micro-batches, so the cut changes it by rounding only. Equal rows and limits
 * give equal cuts.
 */

interface MicroBatchLimits<Row> {
  /** Maximum rows of a micro-batch. */
  microBatch: number
  /** Maximum tokens of a micro-batch, padding included: rows times columns; null for no limit. */
  tokenBudget: number | null
  /** Columns of a batch of rows, padding included. Must not decrease when rows are added. */
  columns: (rows: readonly Row[]) => number
}

/** Every row once, in order. A row that exceeds the budget by itself is the only row of its micro-batch. */
export function microBatchesOf<Row>(
  rows: readonly Row[],
  { microBatch, tokenBudget, columns }: MicroBatchLimits<Row>,
): Row[][] {
  const batches: Row[][] = []
  let open: Row[] = []
  for (const row of rows) {
    const grown = [...open, row]
    const fits = grown.length <= microBatch && (tokenBudget === null || grown.length * columns(grown) <= tokenBudget)
    if (open.length === 0 || fits) {
      open = grown
      continue
    }
    batches.push(open)
    open = [row]
  }
  if (open.length > 0) batches.push(open)
  return batches
}
