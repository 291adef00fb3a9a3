/**
 * Going on where memory runs out: the update is made again from its first micro-batch with micro-batches half as large,
 * until one row alone does not fit. The gradient is the same sum in another order, so it changes by rounding; whoever
 * replays a step hands in the size that it was made with.
 */
import { RlevError } from '../errors.js'
import { isOutOfMemory } from '../graph/out-of-memory.js'

export interface Halved {
  /** Rows of a micro-batch that did not fit, and of those that follow. */
  from: number
  to: number
}

/**
 * `run` gets the most rows of a micro-batch, `first` to begin with, and must leave nothing behind when it throws. Of `rows` rows
 * fewer than that the half is tried next, since half a limit that nothing reaches would change nothing. `said` is called once for
 * a call, before the first smaller attempt. Rejects with OutOfMemory where one row alone does not fit.
 */
export async function withHalving<Result>({
  first,
  rows,
  run,
  said,
}: {
  first: number
  rows: number
  run: (microBatch: number) => Promise<Result>
  said: (halved: Halved) => void
}): Promise<{ result: Result; microBatch: number }> {
  for (let microBatch = first; ; ) {
    try {
      return { result: await run(microBatch), microBatch }
    } catch (error) {
      if (!isOutOfMemory(error)) throw error
      const [from, to] = [Math.min(microBatch, rows), Math.floor(Math.min(microBatch, rows) / 2)]
      if (to < 1) throw oneRowTooLarge(error)
      if (microBatch === first) said({ from, to })
      microBatch = to
    }
  }
}

function oneRowTooLarge(cause: unknown): RlevError {
  return new RlevError({
    kind: 'OutOfMemory',
    message: 'memory runs out in the update even with one response at a time',
    place: 'policy-gradient step',
    expected: 'room for the weights, their gradients and moments, and the activations of one response',
    found: (cause instanceof Error ? cause.message : String(cause)).slice(0, 300),
    remedy:
      'set update.gradientCheckpointing: true or update.adapter, lower rollout.maxTokens, or give the worker more memory; `rlev plan` shows what needs how much',
    cause,
  })
}
