/**
 * Looks for workers of this home that died on this machine, and fails the attempts that they held (held-attempts.ts), so that Temporal
 * gives the activities out again at once. Every worker looks, when it starts and twice a second: the one that is started in place of a
 * dead one, and those that live beside it.
 *
 * Temporal refuses the token of an attempt that it has replaced meanwhile. The engine process of a dead worker lives on for half a
 * second at most, and has lost the fence by then (activities/store/fence.ts).
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ActivityNotFoundError, AsyncCompletionClient } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { NativeConnection } from '@temporalio/worker'
import { namesIn } from '../../activities/store/files.js'
import { workerDied } from '../../workflows/messages.js'
import { type HeldAttempt, type Holder, holdersFolder, namesOf } from './held-attempts.js'
import { hasEnded, outlookOn } from './life-line.js'

const intervalMs = 500
/** Of one call. */
const answerMs = 5_000
/** What Temporal has not answered for so long is left to the heartbeat timeout. */
const longestMs = 10 * 60_000

interface Watch {
  /** Folder of what the home has on this machine. */
  state: string
  connection: NativeConnection
  namespace: string
  say: (message: string, facts: Record<string, unknown>) => void
}

interface Dead {
  id: string
  holder: Holder
  /** Since its file was written. (ms) */
  age: number
}

export class DeadWorkers {
  readonly #watch: Watch
  readonly #client: AsyncCompletionClient
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | null = null

  /** Looks from now on, until `close`. */
  constructor(watch: Watch) {
    const { connection, namespace } = watch
    this.#watch = watch
    this.#client = new AsyncCompletionClient({ connection, namespace })
    this.#timer = setInterval(() => this.#look(), intervalMs)
    this.#look()
  }

  /** Resolves when no look is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  #look(): void {
    this.#looking ??= this.#failWhatTheyHeld().finally(() => {
      this.#looking = null
    })
  }

  async #failWhatTheyHeld(): Promise<void> {
    const folder = holdersFolder(this.#watch.state)
    for (const { id, holder, age } of await deadIn(folder)) {
      const answered = await Promise.all(holder.attempts.map(attempt => this.#fail(attempt, holder.pid)))
      if (!answered.every(Boolean) && age < longestMs) continue
      for (const name of Object.values(namesOf(id))) rmSync(join(folder, name), { force: true })
    }
  }

  /** Whether Temporal has answered. */
  async #fail({ token, activity }: HeldAttempt, worker: number): Promise<boolean> {
    const { connection, say } = this.#watch
    const failure = ApplicationFailure.create({
      message: `the worker process ${worker} ended in the middle of it`,
      type: workerDied,
      nextRetryDelay: '10 ms',
    })
    const call = () => this.#client.fail(Buffer.from(token, 'base64'), failure)
    try {
      await connection.withDeadline(Date.now() + answerMs, call)
      say('failed an attempt of a worker that died', { activity, worker })
      return true
    } catch (error) {
      // It has ended, or another attempt has taken its place.
      if (error instanceof ActivityNotFoundError) return true
      say('Temporal does not take the failure of an attempt', { activity, worker, reason: (error as Error).message })
      return false
    }
  }
}

/** Those that are certainly dead. */
async function deadIn(folder: string): Promise<Dead[]> {
  const here = outlookOn(folder)
  const dead: Dead[] = []
  for (const name of namesIn(folder)) {
    const id = /^(.*)\.json$/.exec(name)?.[1]
    const holder = id === undefined ? null : holderIn(join(folder, name))
    if (id === undefined || holder === null) continue
    if (holder.boot !== here.boot || holder.device !== here.device) continue
    if (!(await hasEnded(folder, namesOf(id).socket))) continue
    const written = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs
    if (written !== undefined) dead.push({ id, holder, age: Date.now() - written })
  }
  return dead
}

/** Null if the file is gone. */
function holderIn(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return null
  }
}
