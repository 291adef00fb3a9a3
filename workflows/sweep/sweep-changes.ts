/** Updates that change a sweep while it runs. An invalid one is refused before it is in the history. */
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow'
import { baselineOf } from '../../pipelines/config/baselines.js'
import type { SweepOutline } from '../../pipelines/config/sweep-outline.js'
import { concurrencyUpdate, stopArmUpdate } from '../messages.js'

export interface Changes {
  /** Undefined if it is as planned. */
  concurrency: number | undefined
  /** Arms that were stopped. */
  readonly stopped: ReadonlySet<string>
}

/**
 * Takes the updates from here on. `outline`: undefined until the plan is read; an arm that is to be stopped by then is looked up as
 * soon as it is. `onStop` has to cancel the running experiments of the arm.
 */
export function changesWhileItRuns({
  outline,
  onStop,
  carried,
}: {
  outline: () => SweepOutline | undefined
  onStop: (arm: string) => void
  /** Of the run before, if the sweep continued as new. */
  carried?: { concurrency?: number; stopped: readonly string[] }
}): Changes {
  const stopped = new Set(carried?.stopped)
  const changes: Changes = { concurrency: carried?.concurrency, stopped }
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
  const stop = (arm: string) => {
    stopped.add(arm)
    onStop(arm)
  }
  setHandler(
    stopArmUpdate,
    arm => {
      if (outline() !== undefined) return stop(arm)
      return condition(() => outline() !== undefined).then(() => {
        refuseArm(arm, outline())
        stop(arm)
      })
    },
    { validator: arm => refuseArm(arm, outline()) },
  )
  return changes
}

function refuseArm(arm: string, outline: SweepOutline | undefined): void {
  if (outline === undefined) return
  const { arms, settings } = outline
  if (!arms.includes(arm)) refuse(`there is no arm ${arm}; the arms are ${shortList(arms)}`)
  if (baselineOf(settings, arm) === null) refuse(`${arm} cannot be stopped, because other arms are compared with it`)
}

/** Names in a message of a refusal. */
const maxNames = 50

function shortList(names: readonly string[]): string {
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : ''
  return names.slice(0, maxNames).join(', ') + more
}

function refuse(sentence: string): never {
  throw ApplicationFailure.nonRetryable(sentence, 'CallInvalid')
}
