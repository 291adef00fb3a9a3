/** What Temporal says of a workflow when it is asked for it, in the words of this program. */
import { defaultPayloadConverter, type WorkflowExecutionDescription } from '@temporalio/client'
import { workerBusy } from '../../activities/engine-process/stay.js'
import { engineOf } from '../../workflows/queues.js'

/** What Temporal knows of a workflow, as long as it keeps it. */
export interface WorkflowFacts {
  status: 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated'
  /** Milliseconds; of the first run of a chain, where the memo has it. */
  startedAt: number
  endedAt?: number
  memo: Readonly<Record<string, unknown>>
  /** How far the warm start is that it waits for, by its newest heartbeat (which leaves the worker every half a minute). */
  warmStart?: { done: number; of: number }
  /** The same of the responses of an evaluation. */
  answered?: { done: number; of: number }
  /** Responses in pieces of an evaluation or a rollout that are under way. */
  inPieces?: number
  /** Where its tasks wait for a worker. */
  queue: string
  /** Ids of activities that somebody paused in Temporal itself. */
  pausedActivities: readonly string[]
  /** What the newest attempt of an activity failed with that is tried again, or that no worker can begin one. */
  trouble?: string
}

export function factsOf({
  status,
  startTime,
  closeTime,
  memo = {},
  taskQueue,
  raw,
}: WorkflowExecutionDescription): WorkflowFacts {
  const startedAt = memo['startedAt']
  return {
    status: statusOf(status.name),
    startedAt: typeof startedAt === 'number' ? startedAt : startTime.getTime(),
    ...(closeTime === undefined ? {} : { endedAt: closeTime.getTime() }),
    memo,
    queue: taskQueue,
    ...progressOf(raw),
    ...engineAwaited(raw),
    ...troubleOf(raw),
    pausedActivities: (raw.pendingActivities ?? []).flatMap(({ paused, activityId }) =>
      paused ? (activityId ?? []) : [],
    ),
  }
}

/** `PENDING_ACTIVITY_STATE_SCHEDULED`. */
const scheduledState = 1

/** For which a free worker of the engine is waited without a word. (ms) */
const quietMs = 30_000

/** A policy that began on one engine, and no worker of that engine that would go on with it. */
export function engineAwaited(
  { pendingActivities }: Pick<WorkflowExecutionDescription['raw'], 'pendingActivities'>,
  now = Date.now(),
): Pick<WorkflowFacts, 'trouble'> {
  // Pieces wait while workers make others of the same evaluation or rollout.
  const isShared = pendingActivities?.some(
    ({ activityType, state }) => isOfPieces(activityType?.name ?? '') && state !== scheduledState,
  )
  if (isShared) return {}
  for (const { state, scheduledTime, activityOptions } of pendingActivities ?? []) {
    const engine = engineOf(activityOptions?.taskQueue?.name ?? '')
    const waits = state === scheduledState && now - 1000 * Number(scheduledTime?.seconds ?? 0) > quietMs
    if (engine === null || !waits) continue
    return {
      trouble: `it waits for a free worker that computes on ${engine}; if there is none any more, \`rlev cancel\` and then \`rlev resume --allow-drift\` go on with another engine`,
    }
  }
  return {}
}

/** Runs begin while MLflow still starts: so many attempts to reach it may fail without meaning anything. */
const startingAttempts = 5

/** What the newest attempt at an activity failed with. */
export function troubleOf({
  pendingActivities,
}: Pick<WorkflowExecutionDescription['raw'], 'pendingActivities'>): Pick<WorkflowFacts, 'trouble'> {
  const failing = pendingActivities?.find(
    ({ activityType, attempt, lastFailure, paused }) =>
      lastFailure?.message &&
      !paused &&
      lastFailure.applicationFailureInfo?.type !== workerBusy &&
      !(activityType?.name === 'openTracking' && (attempt ?? 0) <= startingAttempts),
  )
  if (failing === undefined) return {}
  const { activityType, attempt, lastFailure } = failing
  return { trouble: troubleText({ activity: activityType?.name, attempt, reason: lastFailure?.message }) }
}

/** What holds an activity up, and the remedy if the attempt before was only slow. */
export function troubleText({
  activity,
  attempt,
  reason,
}: {
  activity: string | null | undefined
  attempt: number | null | undefined
  reason: string | null | undefined
}): string {
  const trouble = `attempt ${attempt} of ${activity} follows one that failed: ${reason}`
  if (!/heartbeat timeout/i.test(reason ?? '')) return trouble
  return `${trouble}. Its worker died, or was silent for longer than durability.heartbeatTimeout; if this happens again on a slow or busy machine, raise that key and start the run again by the same command`
}

const isOfPieces = (name: string): boolean => ['answerPieces', 'rollOutPieces'].includes(name)

/** Activities whose heartbeats say how far they are. */
const counted = { warmStart: 'warmStart', answerItems: 'answered', evaluatePolicy: 'answered' } as const

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

/** By the newest heartbeats of what is under way. */
export function progressOf({
  pendingActivities,
}: Pick<WorkflowExecutionDescription['raw'], 'pendingActivities'>): Pick<
  WorkflowFacts,
  'warmStart' | 'answered' | 'inPieces'
> {
  const told = (pendingActivities ?? []).flatMap(activity => {
    const progress = heartbeatOf(activity)
    return progress === undefined ? [] : [{ name: activity.activityType?.name ?? '', progress }]
  })
  const one = told.find(({ name }) => Object.hasOwn(counted, name))
  if (one !== undefined) return { [counted[one.name as keyof typeof counted]]: one.progress }
  const pieces = told.filter(({ name }) => isOfPieces(name))
  return pieces.length === 0 ? {} : { inPieces: pieces.reduce((sum, { progress }) => sum + progress.done, 0) }
}

function heartbeatOf({ heartbeatDetails }: Pending): { done: number; of: number } | undefined {
  const payload = heartbeatDetails?.payloads?.[0]
  if (payload === undefined || payload === null) return undefined
  // A heartbeat before the first progress has no details.
  const { done, of } = defaultPayloadConverter.fromPayload<{ done?: number; of?: number } | undefined>(payload) ?? {}
  return done === undefined || of === undefined ? undefined : { done, of }
}

function statusOf(name: WorkflowExecutionDescription['status']['name']): WorkflowFacts['status'] {
  switch (name) {
    case 'COMPLETED':
      return 'completed'
    case 'FAILED':
    case 'TIMED_OUT':
      return 'failed'
    case 'CANCELLED':
      return 'cancelled'
    case 'TERMINATED':
      return 'terminated'
    default:
      return 'running'
  }
}
