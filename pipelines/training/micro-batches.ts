/**
 * How the rows of an update are cut into micro-batches: in their order, each as long as both limits allow. The gradient is
 * the sum over all of them, so the cut changes it by rounding only; the same rows and limits always give the same cut.
 */

export interface MicroBatchLimits<Row> {
  /** Most rows of a micro-batch. */
  microBatch: number
  /** Most tokens of a micro-batch, padding counted: rows times columns; null for no such limit. */
  tokenBudget: number | null
  /** Columns, padding included, of the batch that rows make together; more rows never make fewer. */
  columns: (rows: readonly Row[]) => number
}

/** Every row once, in order. A row that is above the budget on its own is a micro-batch of one. */
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
