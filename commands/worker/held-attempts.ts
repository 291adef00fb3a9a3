/**
 * The attempts of activities that a worker holds, in a file of this machine. If the worker dies, another one fails them at once
 * (dead-workers.ts), while Temporal alone would wait for the heartbeat timeout. The file is a hint: if it is missing, late or lost,
 * that timeout holds as before. So it is neither synced nor waited for.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import type { Context } from '@temporalio/activity'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { listenAt, type Outlook, outlookOn } from './life-line.js'

/** The file's content. */
export interface Holder extends Outlook {
  /** For a reader; in a container it means nothing outside. */
  pid: number
  attempts: readonly HeldAttempt[]
}

export interface HeldAttempt {
  /** Task token of Temporal, in base64. With it anybody who may use the namespace can end the attempt. */
  token: string
  activity: string
}

/** `state`: folder of what a home has on this machine. */
export const holdersFolder = (state: string): string => join(state, 'workers')

/** Of one worker, in that folder. */
export const namesOf = (id: string) => ({ file: `${id}.json`, unfinished: `${id}.json.new`, socket: `${id}.sock` })

/** How long an attempt that ended stays noted: its outcome may not have left the worker. (ms) */
const reportMs = 2_000

interface Noted extends HeldAttempt {
  /** By a clock that only goes forward; null for one that is under way. (ms) */
  endedAt: number | null
}

export class HeldAttempts {
  readonly id: string
  readonly #folder: string
  readonly #outlook: Outlook
  readonly #socket: Server
  readonly #held = new Set<Noted>()
  #changed = false
  #writing: Promise<void> | null = null

  private constructor(parts: { id: string; folder: string; outlook: Outlook; socket: Server }) {
    this.id = parts.id
    this.#folder = parts.folder
    this.#outlook = parts.outlook
    this.#socket = parts.socket
  }

  /** Null where nobody could tell that this process is dead: then `onNone` gets the reason. */
  static async open(state: string, onNone: (reason: string) => void): Promise<HeldAttempts | null> {
    const folder = holdersFolder(state)
    const id = randomUUID()
    try {
      mkdirSync(folder, { recursive: true })
      const outlook = outlookOn(folder)
      const held = new HeldAttempts({ id, folder, outlook, socket: await listenAt(folder, namesOf(id).socket) })
      await held.#note()
      return held
    } catch (error) {
      onNone((error as Error).message)
      return null
    }
  }

  /** For a worker of the SDK. */
  get interceptors(): ActivityInterceptorsFactory[] {
    return [context => ({ inbound: { execute: (input, next) => this.#during(context, () => next(input)) } })]
  }

  /** After a clean end. */
  async close(): Promise<void> {
    await this.#writing
    this.#socket.close()
    for (const name of Object.values(namesOf(this.id))) rmSync(join(this.#folder, name), { force: true })
  }

  async #during<Output>({ info }: Context, work: () => Promise<Output>): Promise<Output> {
    const token = Buffer.from(info.taskToken).toString('base64')
    const noted: Noted = { token, activity: info.activityType, endedAt: null }
    for (const before of this.#held) {
      if (before.endedAt !== null && performance.now() - before.endedAt > reportMs) this.#held.delete(before)
    }
    this.#held.add(noted)
    void this.#note()
    try {
      return await work()
    } finally {
      // Written with the next attempt: what is noted for too long cannot be failed any more, which does no harm.
      noted.endedAt = performance.now()
    }
  }

  #note(): Promise<void> {
    this.#changed = true
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
    })
    return this.#writing
  }

  async #write(): Promise<void> {
    const { file, unfinished } = namesOf(this.id)
    while (this.#changed) {
      this.#changed = false
      const attempts = [...this.#held].map(({ token, activity }) => ({ token, activity }))
      const holder: Holder = { ...this.#outlook, pid: process.pid, attempts }
      try {
        await writeFile(join(this.#folder, unfinished), JSON.stringify(holder), { mode: 0o600 })
        await rename(join(this.#folder, unfinished), join(this.#folder, file))
      } catch {
        // A full disk, which the activity itself tells of. An older note does no harm either.
      }
    }
  }
}
