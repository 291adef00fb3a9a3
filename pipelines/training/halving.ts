/**
 * Retries an update with smaller micro-batches when memory runs out: it starts again with micro-batches of half
 * the size, down to one row. The gradient is the same sum in another order, so it differs by rounding. A replay
 * of the step must start with the size that fitted, to give the same bits.
 */
import { RlevError } from '../errors.js'
import { isOutOfMemory } from '../graph/out-of-memory.js'

export interface Halved {
  /** Rows of the micro-batch that did not fit. */
  from: number
  /** Rows of the next attempt's micro-batches. */
  to: number
}

/**
 * `run` gets the maximum number of rows of a micro-batch, initially `first`, and must leave nothing behind if
 * it throws. If there are fewer `rows` than the limit, half of the rows is tried next. `onFirstRetry` is called
 * before the first smaller attempt. Rejects with OutOfMemory if one row alone does not fit.
 */
export async function withHalving<Result>({
  first,
  rows,
  run,
  onFirstRetry,
}: {
  first: number
  rows: number
  run: (microBatch: number) => Promise<Result>
  onFirstRetry: (halved: Halved) => void
}): Promise<{ result: Result; microBatch: number }> {
  for (let microBatch = first; ; ) {
    try {
      return { result: await run(microBatch), microBatch }
    } catch (error) {
      if (!isOutOfMemory(error)) throw error
      const [from, to] = [Math.min(microBatch, rows), Math.floor(Math.min(microBatch, rows) / 2)]
      if (to < 1) throw oneRowTooLarge(error)
      if (microBatch === first) onFirstRetry({ from, to })
      microBatch = to
    }
  }
}

function oneRowTooLarge(cause: unknown): RlevError {
  return new RlevError({
    kind: 'OutOfMemory',
    message: 'memory runs out in the update even with one response at a time',
    place: 'policy-gradient step',
    expected: 'memory for the weights, their gradients and moments, and the activations of one response',
    found: (cause instanceof Error ? cause.message : String(cause)).slice(0, 300),
    remedy:
      'set update.gradientCheckpointing: true or update.adapter, lower rollout.maxTokens, or give the worker more memory; `rlev plan` shows what needs how much',
    cause,
  })
}
