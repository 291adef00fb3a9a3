/** Pause and resume: a flag that signals set and that the workflow looks at where it may stop. */
import { condition, setHandler } from '@temporalio/workflow'
import { pauseSignal, resumeSignal } from './messages.js'

export interface PauseSwitch {
  readonly paused: boolean
  /** Returns at once, or when the pause ends. `onWait` and `onGo` are called around a wait. */
  gate(options: { onWait: () => void; onGo: () => void }): Promise<void>
}

/** `onChange` hears of each signal, for a sweep to pass it on. */
export function pauseSwitch({
  paused = false,
  onChange,
}: {
  paused?: boolean
  onChange?: (paused: boolean) => void
} = {}): PauseSwitch {
  const state = { paused }
  const set = (value: boolean) => {
    state.paused = value
    onChange?.(value)
  }
  setHandler(pauseSignal, () => set(true), { description: 'Stop at the next boundary of a stage or run of steps.' })
  setHandler(resumeSignal, () => set(false), { description: 'Go on after a pause.' })
  return {
    get paused() {
      return state.paused
    },
    async gate({ onWait, onGo }) {
      if (!state.paused) return
      onWait()
      await condition(() => !state.paused)
      onGo()
    },
  }
}
