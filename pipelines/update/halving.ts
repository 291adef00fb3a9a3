/**
 * Going on where memory runs out: the update is made again from its first micro-batch with micro-batches half as large,
 * until one row alone does not fit. The gradient is the same sum in another order, so it changes by rounding; whoever
 * replays a step hands in the size that it was made with.
 */
import { RlevError } from '../errors.js'
import { isOutOfMemory } from '../policy/out-of-memory.js'

export interface Halved {
  /** Rows of a micro-batch that did not fit, and of those that follow. */
  from: number
  to: number
}

/**
 * `run` gets the most rows of a micro-batch, `first` to begin with: the rows of the largest micro-batch there is, since the
 * half of a limit that nothing reaches would change nothing. It must leave nothing behind when it throws. `said` is called once for
 * a call, before the first smaller attempt. Rejects with OutOfMemory where one row alone does not fit.
 */
export async function withHalving<Result>({
  first,
  run,
  said,
}: {
  first: number
  run: (microBatch: number) => Promise<Result>
  said: (halved: Halved) => void
}): Promise<{ result: Result; microBatch: number }> {
  for (let microBatch = first; ; microBatch = Math.floor(microBatch / 2)) {
    try {
      return { result: await run(microBatch), microBatch }
    } catch (error) {
      if (!isOutOfMemory(error)) throw error
      if (microBatch <= 1) throw oneRowTooLarge(error)
      if (microBatch === first) said({ from: microBatch, to: Math.floor(microBatch / 2) })
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
