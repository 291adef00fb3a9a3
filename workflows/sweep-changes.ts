/** Updates that change a sweep while it runs. An invalid one is refused before it is in the history. */
import { ApplicationFailure, setHandler } from '@temporalio/workflow'
import { baselineOf } from '../pipelines/config/baselines.js'
import type { SweepPlan } from '../pipelines/config/schema.js'
import { concurrencyUpdate, stopArmUpdate } from './messages.js'

export interface Changes {
  concurrency: number
  /** Arms that were stopped. */
  readonly stopped: ReadonlySet<string>
}

/** Takes the updates from here on. `onStop` has to cancel the running experiments of the arm. */
export function changesWhileItRuns({ settings, arms }: SweepPlan, onStop: (arm: string) => void): Changes {
  const stopped = new Set<string>()
  const changes = { concurrency: settings.concurrency, stopped }
  const refuse = (sentence: string): never => {
    throw ApplicationFailure.nonRetryable(sentence, 'CallInvalid')
  }
  setHandler(
    concurrencyUpdate,
    experiments => {
      changes.concurrency = experiments
    },
    {
      validator(experiments) {
        if (!Number.isInteger(experiments) || experiments < 1)
          refuse(`the number of experiments at a time must be an integer of at least 1, not ${experiments}`)
      },
    },
  )
  setHandler(
    stopArmUpdate,
    arm => {
      stopped.add(arm)
      onStop(arm)
    },
    {
      validator(arm) {
        const names = arms.map(one => one.name)
        if (!names.includes(arm)) refuse(`there is no arm ${arm}; the arms are ${names.join(', ')}`)
        if (baselineOf(settings, arm) === null)
          refuse(`${arm} cannot be stopped, because other arms are compared with it`)
      },
    },
  )
  return changes
}
