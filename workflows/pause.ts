/** Pause and resume: a pause cancels the policy's activity, which ends at its next micro-batch, and `resume` starts it again. */
import { CancellationScope, condition, log, setDefaultSignalHandler, setHandler } from '@temporalio/workflow'
import { endedByCancellation } from './cancellation.js'
import { pauseSignal, resumeSignal } from './messages.js'

export interface PauseSwitch {
  readonly paused: boolean
  /** Takes signals from here on. Called after the workflow has set its other handlers of signals. */
  listen(): void
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
    listen() {
      const pause = () => set(true)
      const resume = () => set(false)
      takeWaiting({ [pauseSignal.name]: pause, [resumeSignal.name]: resume })
      setHandler(pauseSignal, pause, { description: 'Stop at the next micro-batch.' })
      setHandler(resumeSignal, resume, { description: 'Continue after a pause.' })
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

/**
 * Takes the signals that came before the first task of this run of the workflow. They wait in the SDK. A handler of one name takes all that
 * have it, so every pause before the first resume; a handler of all names takes them in the order in which they were sent.
 */
function takeWaiting(handlers: Readonly<Record<string, () => void>>): void {
  setDefaultSignalHandler(name => {
    const handle = handlers[name]
    if (handle === undefined) log.warn('an unknown signal is ignored', { name })
    else handle()
  })
  setDefaultSignalHandler(undefined)
}
