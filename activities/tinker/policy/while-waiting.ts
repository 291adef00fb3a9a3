/**
 * Waiting for a server while a stage ticks: each second its heartbeat leaves, and a cancellation ends the waiting. The
 * server goes on with what it was given, because nothing there can be cancelled.
 */
import type { Hooks } from '../../../pipelines/progress.js'

const intervalMs = 1000

/** The signal that `work` gets is aborted when the stage is cancelled, and when `work` ends. */
export async function whileWaiting<Result>(
  { tick }: Hooks,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController()
  let refusal: { error: unknown } | undefined
  const timer = setInterval(() => {
    tick().catch((error: unknown) => {
      refusal ??= { error }
      ended.abort(error)
    })
  }, intervalMs)
  try {
    return await work(ended.signal)
  } catch (error) {
    throw refusal === undefined ? error : refusal.error
  } finally {
    clearInterval(timer)
    ended.abort()
  }
}
