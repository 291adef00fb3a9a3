/**
 * The policy worker that an experiment keeps to: after its first activity with the policy the others go to the queue of the same worker,
 * where the policy is loaded. If that worker ends or does not begin in time, another one of the same engine takes over, which makes the
 * updates since the last checkpoint again.
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow'
import type { Keep, Place, Placed } from '../activities/engine-process/stay.js'
import type { GpuActivities } from '../activities/gpu-activities.js'
import { endsOfWorkers, type GpuQueue, gpu } from './activity-options.js'
import type { Limits } from './limits.js'
import { ownQueues } from './own-names.js'
import { engineQueue } from './queues.js'

/** `queue` is absent if its worker is gone. */
export type KnownPlace = Pick<Place, 'engine'> & Partial<Pick<Place, 'queue' | 'worker'>>

type Name = keyof GpuActivities
type Input<Activity extends Name> = Parameters<GpuActivities[Activity]>[0]
type Output<Activity extends Name> = Awaited<ReturnType<GpuActivities[Activity]>>

export class PolicyWorker {
  readonly #limits: () => Limits
  readonly #isPatient: () => boolean
  #place: KnownPlace | undefined

  /**
   * `isPatient`: whether its worker makes pieces between two activities of the experiment, perhaps of others, and is waited for longer.
   * `place`: of the run of the workflow before this one.
   */
  constructor(options: { limits: () => Limits; isPatient: () => boolean; place: KnownPlace | undefined }) {
    this.#limits = options.limits
    this.#isPatient = options.isPatient
    this.#place = options.place
  }

  get place(): KnownPlace | undefined {
    return this.#place
  }

  /** `more`: another activity with the policy follows. `summary` is what the Web UI shows beside the activity. */
  async run<Activity extends Name>(
    name: Activity,
    input: Input<Activity>,
    { summary, more }: Keep & { summary: string },
  ): Promise<Output<Activity>> {
    for (;;) {
      try {
        const call = gpu(this.#limits(), summary, this.#queue())[name] as unknown as (
          given: Input<Activity> & { keep: Keep },
        ) => Promise<Output<Activity> | Placed<Output<Activity>>>
        return this.#heard(await call({ ...input, keep: { more } }))
      } catch (error) {
        if (!this.#moves(error)) throw error
      }
    }
  }

  /** On whichever worker of the run's engine is free. The experiment keeps to its own. */
  anywhere<Activity extends Name>(name: Activity, input: Input<Activity>, summary: string): Promise<Output<Activity>> {
    const call = gpu(this.#limits(), summary, { name: this.#sharedQueue(), own: false })[name] as unknown as (
      given: Input<Activity>,
    ) => Promise<Output<Activity>>
    return call(input)
  }

  #queue(): GpuQueue {
    if (this.#place?.queue !== undefined) return { name: this.#place.queue, own: true, patient: this.#isPatient() }
    return { name: this.#sharedQueue(), own: false }
  }

  #sharedQueue(): string {
    const { gpu } = ownQueues()
    return this.#place === undefined ? gpu : engineQueue(gpu, this.#place.engine)
  }

  #heard<Value>(answer: Value | Placed<Value>): Value {
    if (!isPlaced(answer)) return answer
    this.#place = answer.place
    return answer.output
  }

  /** Whether another worker may do what this one did not. */
  #moves(error: unknown): boolean {
    const cause = error instanceof ActivityFailure ? error.cause : undefined
    if (this.#place?.queue !== undefined && isWorkerGone(cause)) {
      this.#place = { engine: this.#place.engine }
      return true
    }
    if (!(cause instanceof ApplicationFailure) || cause.type !== 'OtherEngine') return false
    const [{ expected: engine }] = cause.details as [{ expected: string }]
    if (this.#place?.engine === engine) return false
    this.#place = { engine }
    return true
  }
}

/** Of an attempt on the queue of one worker. */
function isWorkerGone(cause: unknown): boolean {
  if (cause instanceof TimeoutFailure) return ['SCHEDULE_TO_START', 'HEARTBEAT'].includes(cause.timeoutType ?? '')
  return cause instanceof ApplicationFailure && endsOfWorkers.includes(cause.type ?? '')
}

/** A worker of an earlier version, and a test's, answer with the output alone. */
function isPlaced<Value>(answer: Value | Placed<Value>): answer is Placed<Value> {
  return typeof answer === 'object' && answer !== null && 'place' in answer && 'output' in answer
}
