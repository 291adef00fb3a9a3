/** An engine process, as its policy worker sees it: started, given one activity at a time, and ended. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Info } from '@temporalio/activity'
import { RlevError } from '../../pipelines/errors.js'
import { canAnswer } from '../machine/can-answer.js'
import type { FromEngine, GpuActivityName, ToEngine } from './messages.js'

export type Outcome = Extract<FromEngine, { kind: 'done' | 'failed' | 'cancelled' }>
export type Notice = Extract<FromEngine, { kind: 'heartbeat' | 'log' }>

const entry = fileURLToPath(new URL('./engine-process.js', import.meta.url))

export class EngineChild {
  readonly #process: ChildProcess
  /** What the process computes on. Rejects with EngineEnded. */
  readonly engine: Promise<string>
  /** Rejects with EngineEnded if the process ends. */
  readonly #ended: Promise<never>

  /** `env`: environment of the process. */
  constructor({ home, env }: { home: string; env: NodeJS.ProcessEnv }) {
    this.#process = fork(entry, [String(process.pid), home], {
      env,
      // Structured clones: typed arrays, errors and undefined stay what they are.
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#ended = once(this.#process, 'exit').then(([code, signal]) => {
      throw ended(this.pid, signal === null ? `exit status ${code}` : `signal ${signal}`)
    })
    // Looked at only while something is waited for.
    this.#ended.catch(() => {})
    const ready = once(this.#process, 'message') as Promise<[Extract<FromEngine, { kind: 'ready' }>]>
    this.engine = Promise.race([ready.then(([{ engine }]) => engine), this.#ended])
    this.engine.catch(() => {})
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get isAlive(): boolean {
    return canAnswer(this.#process)
  }

  /** Rejects with EngineEnded if the process ends before it has answered. */
  async run({
    name,
    input,
    info,
    onNotice,
  }: {
    name: GpuActivityName
    input: unknown
    info: Info
    onNotice: (notice: Notice) => void
  }): Promise<Outcome> {
    await this.engine
    let listen: (message: FromEngine) => void = () => {}
    const outcome = new Promise<Outcome>(settle => {
      listen = message => {
        if (message.kind === 'heartbeat' || message.kind === 'log') onNotice(message)
        else if (message.kind !== 'ready') settle(message)
      }
    })
    this.#process.on('message', listen)
    try {
      this.#send({ kind: 'run', name, input, info })
      return await Promise.race([outcome, this.#ended])
    } finally {
      this.#process.off('message', listen)
    }
  }

  cancel(reason: string): void {
    this.#send({ kind: 'cancel', reason })
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** A process that ended meanwhile says so by its exit. */
  #send(message: ToEngine): void {
    this.#process.send(message, () => {})
  }
}

function ended(pid: number, found: string): RlevError {
  return new RlevError({
    kind: 'EngineEnded',
    message: 'the engine process ended before its activity did',
    place: `process ${pid} of a policy worker`,
    expected: 'an outcome of the activity',
    found,
    remedy:
      'nothing at first: the worker starts another one, which goes on from the journal; if it happens again and again, memory runs out ' +
      '(the system log says so): see the memory that `rlev plan` prints, and lower update.microBatch or rollout.chunk',
  })
}
