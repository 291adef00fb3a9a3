/** Pause and resume: a pause cancels the policy's activity, which ends at its next micro-batch, and `resume` starts it again. */
import { CancellationScope, condition, setHandler } from '@temporalio/workflow'
import { endedByCancellation } from './cancellation.js'
import { pauseSignal, resumeSignal } from './messages.js'

export interface PauseSwitch {
  readonly paused: boolean
  /**
   * Does the work if nothing is paused, otherwise after `resume`. A pause cancels the work; after `resume` it starts again and
   * skips what it had stored.
   */
  run<Result>(work: () => Promise<Result>): Promise<Result>
}

/** `onSignal` is called for each signal; `onWait` and `onContinue` before and after `run` waits for `resume`. */
export function pauseSwitch({
  paused = false,
  onSignal,
  onWait,
  onContinue,
}: {
  paused?: boolean
  onSignal?: (paused: boolean) => void
  onWait?: () => void
  onContinue?: () => void
} = {}): PauseSwitch {
  const state = { paused, interrupt: () => {} }
  const set = (value: boolean) => {
    state.paused = value
    if (value) state.interrupt()
    onSignal?.(value)
  }
  setHandler(pauseSignal, () => set(true), { description: 'Stop at the next micro-batch.' })
  setHandler(resumeSignal, () => set(false), { description: 'Continue after a pause.' })

  async function resumed(): Promise<void> {
    if (!state.paused) return
    onWait?.()
    await condition(() => !state.paused)
    onContinue?.()
  }

  return {
    get paused() {
      return state.paused
    },
    async run(work) {
      for (;;) {
        await resumed()
        const scope = new CancellationScope()
        let interrupted = false
        state.interrupt = () => {
          interrupted = true
          scope.cancel()
        }
        try {
          return await scope.run(work)
        } catch (error) {
          const byPause = interrupted && !CancellationScope.current().consideredCancelled
          if (!byPause || !endedByCancellation(error)) throw error
        } finally {
          state.interrupt = () => {}
        }
      }
    },
  }
}
