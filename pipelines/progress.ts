/** How long work in pipelines/ gives way: called after every micro-batch, decoding chunk or optimizer step. */

export interface Hooks {
  /** Lets the event loop turn; rejects when the work was cancelled. `progress` is for whoever watches. */
  tick(progress?: { done: number; of: number; note?: string }): Promise<void>
}

/** For callers that need neither progress nor cancellation. */
export const noHooks: Hooks = { tick: async () => {} }
