/** How long computations report progress and can be cancelled: called after every micro-batch, decoding chunk or optimizer step. */

export interface Hooks {
  /** Lets the event loop run. Rejects if the work was cancelled. `progress` is shown to the user. */
  tick(progress?: { done: number; of: number; note?: string }): Promise<void>
}

/** For callers without progress and cancellation. */
export const noHooks: Hooks = { tick: async () => {} }

/** Hooks for a part of some work: its progress is told as that of the whole. `before`: what is done when the part begins. */
export function partOfWork({ tick }: Hooks, { before, of }: { before: number; of: number }): Hooks {
  return {
    tick: progress => tick(progress === undefined ? undefined : { ...progress, done: before + progress.done, of }),
  }
}
