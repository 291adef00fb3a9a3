/**
 * The engine process: runs the activities that need the policy, one at a time, for the policy worker that started it. A call into
 * TensorFlow blocks this process for as long as it takes. The worker stays free to heartbeat, and to end this process.
 *
 * Arguments: the pid of the worker, and the home.
 */
import { asyncLocalStorage, Context } from '@temporalio/activity'
import {
  type ApplicationFailure,
  CancelledFailure,
  type Logger,
  type LogLevel,
  noopMetricMeter,
} from '@temporalio/common'
import { given } from '../../pipelines/given.js'
import { armFailPoints, failPointVariable } from '../fail-points/fail-point.js'
import { toFailure } from '../failures.js'
import { gpuActivities } from '../gpu-activities.js'
import { endWithParent } from '../machine/end-with-parent.js'
import { engineOfThisProcess } from '../machine/engine.js'
import { PolicyCache } from '../training/policy-cache.js'
import { workplace } from '../workplace.js'
import type { FromEngine, ToEngine } from './messages.js'

/** A quarter of what the worker's heartbeats take, so that theirs are up to date. */
const heartbeatIntervalMs = 250

const [, , parent = '', home = ''] = process.argv
const worker = Number(parent)
endWithParent({ parent: worker, group: false })
// A group gets these whole: the worker cancels the activity, and ends this process.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
armFailPoints(process.env[failPointVariable], { worker })

const place = workplace(home)
const activities = gpuActivities(place, new PolicyCache(place.store))
/** Cancels the activity under way. */
let cancel: (reason: string) => void = () => {}

process.on('message', (message: ToEngine) => {
  switch (message.kind) {
    case 'run':
      void run(message)
      return
    case 'cancel':
      cancel(message.reason)
      return
    default:
      message satisfies never
  }
})
say({ kind: 'ready', engine: engineOfThisProcess() })

async function run({ name, input, info }: Extract<ToEngine, { kind: 'run' }>): Promise<void> {
  const controller = new AbortController()
  const cancelled = new Promise<never>((_, reject) => {
    cancel = reason => {
      reject(new CancelledFailure(reason))
      controller.abort(reason)
    }
  })
  // An activity that does not ask whether it is cancelled leaves the promise alone.
  cancelled.catch(() => {})
  const heartbeat = newestNow(details => say({ kind: 'heartbeat', details }))
  const context = new Context(info, cancelled, controller.signal, heartbeat, undefined, logger, noopMetricMeter, {})
  const activity = activities[name] as (given: unknown) => Promise<unknown>
  try {
    const output = await asyncLocalStorage.run(context, () => activity(input))
    say({ kind: 'done', output })
  } catch (error) {
    say(told(error, info.attempt))
  } finally {
    cancel = () => {}
  }
}

/** `say`, at most once in `heartbeatIntervalMs` of one note: a small policy makes hundreds of micro-batches a second. */
function newestNow(say: (details: unknown) => void): (details: unknown) => void {
  let last: { note: unknown; at: number } | null = null
  return details => {
    const { note } = (details ?? {}) as { note?: unknown }
    const at = performance.now()
    if (last !== null && last.note === note && at - last.at < heartbeatIntervalMs) return
    last = { note, at }
    say(details)
  }
}

function told(thrown: unknown, attempt: number): FromEngine {
  if (thrown instanceof CancelledFailure) return { kind: 'cancelled' }
  // A stage throws no other errors.
  const error = toFailure(thrown, attempt) as ApplicationFailure
  const { message, type, nonRetryable, details, nextRetryDelay, stack } = error
  return {
    kind: 'failed',
    failure: {
      message,
      nonRetryable: nonRetryable ?? false,
      ...given({ type: type ?? undefined, details: details ?? undefined, nextRetryDelay }),
    },
    stack,
  }
}

function say(message: FromEngine): void {
  process.send?.(message)
}

const logAt =
  (level: LogLevel) =>
  (message: string, facts?: Record<string, unknown>): void =>
    say({ kind: 'log', at: Date.now(), level, message, facts })

/** The worker writes the lines, with the facts of the activity. */
const logger: Logger = {
  log: (level, message, facts) => logAt(level)(message, facts),
  trace: logAt('TRACE'),
  debug: logAt('DEBUG'),
  info: logAt('INFO'),
  warn: logAt('WARN'),
  error: logAt('ERROR'),
}
