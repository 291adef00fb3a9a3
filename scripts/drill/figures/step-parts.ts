/**
 * What a step of a run at one step an activity consists of, from the times that Temporal's history, the files of the journal, the log of
 * the policy worker and the step's metrics carry. The parts of a step follow one another and add up to its wall time.
 *
 *   task       from the end of an activity until the workflow has scheduled the next one
 *   dispatch   from there until a worker has begun it
 *   begin      from there until it computes: the process, the fence, inputs and the journal are read; all of the rewards
 *   computes   sampling with its entry of the journal; the update, as its metrics say
 *   end        from there until Temporal has its outcome: syncing, the process, the answer
 */
import type { temporal } from '@temporalio/proto'
import type { StepMetrics } from '../../../pipelines/training/step-metrics.js'

const stages = ['rollOut', 'scaleRewards', 'updatePolicy', 'trainSteps'] as const
type Stage = (typeof stages)[number]
export type Part = `${Stage} ${'task' | 'dispatch' | 'begin' | 'computes' | 'end'}`
/** Milliseconds each. */
export type StepParts = Partial<Record<Part, number>>

interface Measured {
  history: temporal.api.history.v1.IHistory
  metrics: readonly StepMetrics[]
  /** When a file of the step's journal got its content; null if it is gone. (ms since 1970) */
  keptAt: (kind: 'rollout' | 'records' | 'metrics', step: number) => number | null
  /** When the step began to be sampled. (ms since 1970) */
  sampledFrom: (step: number) => number | null
}

interface Attempted {
  name: Stage
  step: number
  scheduled: number
  started: number
  completed: number
}

/** Of each step but the first, which compiles; from one end of an update to the next one. */
export function partsOfSteps({
  history,
  metrics,
  keptAt,
  sampledFrom,
}: Measured): { step: number; parts: StepParts }[] {
  const activities = activitiesOf(history)
  return metrics.slice(1).map(({ step, values }) => {
    const sampled = keptAt('rollout', step)
    const sampling = sampled === null ? 0 : sampled - (sampledFrom(step) ?? sampled)
    const updating = 1000 * (values['perf/update_seconds'] ?? 0)
    const ends: Record<Stage, { computes: number; keptAt: number | null }> = {
      rollOut: { computes: sampling, keptAt: sampled },
      scaleRewards: { computes: 0, keptAt: keptAt('records', step) },
      updatePolicy: { computes: updating, keptAt: keptAt('metrics', step) },
      trainSteps: { computes: sampling + updating, keptAt: keptAt('metrics', step) },
    }
    let after = activities.findLast(activity => activity.step === step - 1)
    const parts: StepParts = {}
    for (const activity of activities.filter(one => one.step === step)) {
      if (after !== undefined) Object.assign(parts, partsOf(activity, { after, ...ends[activity.name] }))
      after = activity
    }
    return { step, parts }
  })
}

function partsOf(
  { name, scheduled, started, completed }: Attempted,
  { after, computes, keptAt }: { after: Attempted; computes: number; keptAt: number | null },
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
    const name = stages.find(stage => stage === attributes?.activityType?.name)
    if (data == null || name === undefined) return []
    const { step, to } = JSON.parse(Buffer.from(data).toString('utf8')) as { step?: number; to?: number }
    return {
      ...{ name, step: step ?? to ?? 0 },
      ...{ scheduled: timeOf(scheduled), started: timeOf(at(completed.startedEventId)), completed: timeOf(event) },
    }
  })
}

function timeOf(event: temporal.api.history.v1.IHistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {}
  return 1000 * Number(seconds ?? Number.NaN) + (nanos ?? 0) / 1e6
}
