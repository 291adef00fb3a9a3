/**
 * The policy worker: one process with one slot, which asks three queues for work: that of its home and build, that of its engine, and one
 * of its name, by which an experiment comes back to where its policy is loaded (workflows/policy-worker.ts).
 */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker, type WorkerOptions } from '@temporalio/worker'
import { EngineHost } from '../../activities/engine-process/engine-host.js'
import { engineQueue, type Queues } from '../../workflows/queues.js'
import { engineEnvironment } from '../services/workers.js'
import { OneSlot } from './one-slot.js'

export type Shared = Pick<WorkerOptions, 'connection' | 'namespace' | 'interceptors'> & { identity: string }

export interface PolicyWorker {
  /** Resolves after a clean end. */
  run(): Promise<void>
  /** Ends the engine process. */
  end(): void
}

/** `slot`: name of this worker on its machine. */
export async function policyWorker(options: {
  home: string
  slot: string
  queues: Queues
  shared: Shared
}): Promise<PolicyWorker> {
  const { home, slot: name, queues, shared } = options
  // After a restart the same: what waits for this worker does not wait in vain.
  const own = `${queues.gpu}.${`${hostname()}.${name}`.replaceAll(/[^\w.]+/g, '-')}`
  const slot = new OneSlot(own)
  const stay = {
    queue: own,
    worker: shared.identity,
    mayTake: (queue: string) => slot.mayTake(queue),
    hold: () => slot.hold(),
    release: () => slot.release(),
  }
  const engine = new EngineHost({ home, env: engineEnvironment(), stay })
  // What a dead worker held may already wait.
  engine.start()
  const polls = (taskQueue: string) => poller({ taskQueue, slot, engine, shared })
  const first = await Promise.all([polls(queues.gpu), polls(own)])
  const isRunning = () => first.every(worker => worker.getState() === 'RUNNING')

  /** What it computes on is known once TensorFlow is loaded, which takes seconds: this poller begins then, unless the others ended. */
  async function pollLater(ended: Promise<null>): Promise<void> {
    const computing = await Promise.race([computesOn(engine, isRunning), ended])
    if (computing === null) return
    const worker = await polls(engineQueue(queues.gpu, computing))
    const running = worker.run()
    if (!isRunning()) worker.shutdown()
    await running
  }

  return {
    async run() {
      const ends = Promise.all(first.map(worker => worker.run()))
      await Promise.all([ends, pollLater(ends.then(() => null))])
    },
    end: () => engine.end(),
  }
}

/**
 * Null if the worker ends before. The first activity may ask for another engine process while this one is loading; one that cannot start
 * is told by that activity.
 */
async function computesOn(engine: EngineHost, goesOn: () => boolean): Promise<string | null> {
  while (goesOn()) {
    try {
      return await engine.engine()
    } catch {
      await sleep(5_000, undefined, { ref: false })
    }
  }
  return null
}

function poller(options: { taskQueue: string; slot: OneSlot; engine: EngineHost; shared: Shared }): Promise<Worker> {
  const { taskQueue, slot, engine, shared } = options
  const none = { type: 'fixed-size', numSlots: 1 } as const
  return Worker.create({
    ...shared,
    taskQueue,
    activities: engine.activities(),
    tuner: {
      activityTaskSlotSupplier: slot.supplierFor(taskQueue),
      workflowTaskSlotSupplier: none,
      localActivityTaskSlotSupplier: none,
      nexusTaskSlotSupplier: none,
    },
    maxConcurrentActivityTaskPolls: 1,
    // A cancellation comes back with a heartbeat, so this is how long one waits for it.
    maxHeartbeatThrottleInterval: '1 second',
    // The journal holds all that is finished: giving up at once costs the step under way.
    shutdownGraceTime: 0,
  })
}
