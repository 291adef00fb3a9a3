/**
 * What a step of a run at one step an activity consists of, from the times that Temporal's history, the files of the journal and the
 * step's metrics carry. The parts of a step follow one another and add up to its wall time.
 *
 *   rollout, update   computing, as `perf/*_seconds` say
 *   task              from the end of an activity until the workflow has scheduled the next one
 *   dispatch          from there until a worker has begun it
 *   begin             from there until it computes: the process, the fence, inputs and the journal are read
 *   end               from its last file of the journal until Temporal has its outcome: syncing, the process, the answer
 */
import type { temporal } from '@temporalio/proto'
import type { StepMetrics } from '../../../pipelines/training/step-metrics.js'

export type Part =
  `${'rollOut' | 'scaleRewards' | 'updatePolicy'} ${'task' | 'dispatch' | 'begin' | 'computes' | 'end'}`
/** Milliseconds each. */
export type StepParts = Partial<Record<Part, number>>

interface Measured {
  history: temporal.api.history.v1.IHistory
  metrics: readonly StepMetrics[]
  /** When a file of the step's journal got its content; null if it is gone. (ms since 1970) */
  keptAt: (kind: 'rollout' | 'records' | 'metrics', step: number) => number | null
}

interface Attempted {
  name: string
  step: number
  scheduled: number
  started: number
  completed: number
}

/** Of each step but the first, which compiles; from one end of an update to the next one. */
export function partsOfSteps({ history, metrics, keptAt }: Measured): { step: number; parts: StepParts }[] {
  const activities = activitiesOf(history)
  return metrics.slice(1).flatMap(({ step, values }) => {
    const of = (name: string, ofStep = step) =>
      activities.find(activity => activity.name === name && activity.step === ofStep)
    const [before, rollOut, rewards, update] = [
      of('updatePolicy', step - 1),
      of('rollOut'),
      of('scaleRewards'),
      of('updatePolicy'),
    ]
    if (before === undefined || rollOut === undefined || update === undefined) return []
    const seconds = (name: string) => 1000 * (values[`perf/${name}_seconds`] ?? 0)
    const parts: StepParts = {
      ...partsOf(rollOut, { after: before, computes: seconds('rollout'), keptAt: keptAt('rollout', step) }),
      ...(rewards === undefined ? {} : partsOf(rewards, { after: rollOut, keptAt: keptAt('records', step) })),
      ...partsOf(update, {
        after: rewards ?? rollOut,
        computes: seconds('update'),
        keptAt: keptAt('metrics', step),
      }),
    }
    return [{ step, parts }]
  })
}

function partsOf(
  { name, scheduled, started, completed }: Attempted,
  { after, computes = 0, keptAt }: { after: Attempted; computes?: number; keptAt: number | null },
): StepParts {
  const kept = keptAt ?? completed
  const parts = {
    task: scheduled - after.completed,
    dispatch: started - scheduled,
    begin: kept - computes - started,
    computes,
    end: completed - kept,
  }
  return Object.fromEntries(Object.entries(parts).map(([part, ms]) => [`${name} ${part}`, ms]))
}

/** Those of a step, in order; of an activity with several attempts, the one that completed. */
function activitiesOf({ events }: temporal.api.history.v1.IHistory): Attempted[] {
  const list = events ?? []
  const at = (id: unknown) => list[Number(id) - 1]
  return list.flatMap(event => {
    const completed = event.activityTaskCompletedEventAttributes
    if (completed == null) return []
    const scheduled = at(completed.scheduledEventId)
    const attributes = scheduled?.activityTaskScheduledEventAttributes
    const data = attributes?.input?.payloads?.[0]?.data
    const { step } = data == null ? {} : (JSON.parse(Buffer.from(data).toString('utf8')) as { step?: number })
    if (step === undefined) return []
    return {
      ...{ name: attributes?.activityType?.name ?? '', step },
      ...{ scheduled: timeOf(scheduled), started: timeOf(at(completed.startedEventId)), completed: timeOf(event) },
    }
  })
}

function timeOf(event: temporal.api.history.v1.IHistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {}
  return 1000 * Number(seconds ?? Number.NaN) + (nanos ?? 0) / 1e6
}
