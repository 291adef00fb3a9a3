/** How long computations report progress and can be cancelled: called after every micro-batch, decoding chunk or optimizer step. */

export interface Hooks {
  /** Lets the event loop run. Rejects if the work was cancelled. `progress` is shown to the user. */
  tick(progress?: { done: number; of: number; note?: string }): Promise<void>
}

/** For callers without progress and cancellation. */
export const noHooks: Hooks = { tick: async () => {} }
