/** Pause and resume: a pause takes the policy's activity off its worker at the next micro-batch; it begins again at `resume`. */
import { CancellationScope, condition, setHandler } from '@temporalio/workflow'
import { endedByCancellation } from './cancellation.js'
import { pauseSignal, resumeSignal } from './messages.js'

export interface PauseSwitch {
  readonly paused: boolean
  /**
   * The result of the work, begun when nothing is paused. A pause cancels it and, when that is over, waits; then it is begun
   * again, and passes by what it had put into the store.
   */
  run<Result>(work: () => Promise<Result>): Promise<Result>
}

/** `onSignal` hears of each signal, for a sweep to pass it on; `onWait` and `onGo` are called around a wait of `run`. */
export function pauseSwitch({
  paused = false,
  onSignal,
  onWait,
  onGo,
}: {
  paused?: boolean
  onSignal?: (paused: boolean) => void
  onWait?: () => void
  onGo?: () => void
} = {}): PauseSwitch {
  const state = { paused, interrupt: () => {} }
  const set = (value: boolean) => {
    state.paused = value
    if (value) state.interrupt()
    onSignal?.(value)
  }
  setHandler(pauseSignal, () => set(true), { description: 'Stop at the next micro-batch.' })
  setHandler(resumeSignal, () => set(false), { description: 'Go on after a pause.' })

  async function gate(): Promise<void> {
    if (!state.paused) return
    onWait?.()
    await condition(() => !state.paused)
    onGo?.()
  }

  return {
    get paused() {
      return state.paused
    },
    async run(work) {
      for (;;) {
        await gate()
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
