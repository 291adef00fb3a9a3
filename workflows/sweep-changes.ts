/** What can be changed of a sweep while it runs, by updates; what cannot be is refused before it is in the history. */
import { ApplicationFailure, setHandler } from '@temporalio/workflow'
import { baselineOf } from '../pipelines/config/baselines.js'
import type { SweepPlan } from '../pipelines/config/schema.js'
import { concurrencyUpdate, stopArmUpdate } from './messages.js'

export interface Changes {
  concurrency: number
  /** Arms that were given up. */
  readonly stopped: ReadonlySet<string>
}

/** Takes the updates from here on. `onStop`: what runs of the arm is to be cancelled. */
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
          refuse(`a sweep runs 1 experiment at a time or more, not ${experiments}`)
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
          refuse(`other arms are compared with ${arm}: without it they could not be`)
      },
    },
  )
  return changes
}
