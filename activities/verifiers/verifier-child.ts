/**
 * One process of a verifier, as the process that asks sees it: started, asked one question at a time, and ended if it does not answer
 * within its limits on time and memory.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { canAnswer } from '../machine/can-answer.js'
import { processFacts } from '../machine/process-facts.js'
import { withoutSecrets } from '../machine/secrets.js'
import { isCode } from '../store/files.js'
import type { Answer, Loaded, Reply, VerifierProgram } from './messages.js'

export interface Limits {
  /** For one answer. (ms) */
  timeoutMs: number
  /** Of the process. (MB) */
  memoryMb: number
}

/** The process ended, or was ended, before it answered. */
export class VerifierEnded extends Error {}

/** The program cannot be loaded: it will answer nothing. */
export class NotLoaded extends Error {}

/** Until the process has loaded its program. */
const loadTimeoutMs = 30_000

/** Between two looks at a process that owes an answer. */
const lookMs = 50

/** Beyond the heap, which Node itself limits: buffers, code and stacks. (MB) */
const beyondHeapMb = 256

/** A process that is ready to compute and does not get the processor may take so many times as long. */
const maxStretch = 10

/** The end of what a process wrote to its standard error, which says why it ended. (characters) */
const maxErrorLength = 2000

const entry = fileURLToPath(new URL('./verifier-process.js', import.meta.url))

export class VerifierChild {
  /** Questions that it was asked. */
  asked = 0
  readonly #process: ChildProcess
  readonly #limits: Limits
  #errors = ''

  private constructor(process: ChildProcess, limits: Limits) {
    this.#process = process
    this.#limits = limits
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-maxErrorLength)
    })
  }

  /** Throws NotLoaded, or VerifierEnded. */
  static async start(program: VerifierProgram, limits: Limits): Promise<VerifierChild> {
    const child = new VerifierChild(
      fork(entry, [String(process.pid), JSON.stringify(program)], {
        execArgv: [`--max-old-space-size=${limits.memoryMb}`],
        env: environment(),
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        // A group, so that programs which the verifier started end with it.
        detached: true,
      }),
      limits,
    )
    child.#holdOpen(false)
    try {
      const loaded = await child.#message<Loaded>({
        timeoutMs: loadTimeoutMs,
        owed: ({ loaded }) => typeof loaded === 'boolean',
      })
      if (loaded.loaded) return child
      throw new NotLoaded(loaded.problem)
    } catch (error) {
      child.end()
      throw error
    }
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get isAlive(): boolean {
    return canAnswer(this.#process)
  }

  /** Throws VerifierEnded; the process is then gone. The reason of an aborted signal is thrown on. */
  async ask(question: unknown, signal: AbortSignal): Promise<Answer> {
    const id = ++this.asked
    try {
      // A process that ended just now says so by its event.
      this.#process.send({ id, question }, () => {})
      const { timeoutMs } = this.#limits
      const { id: _, ...answer } = await this.#message<Reply>({ timeoutMs, signal, owed: reply => reply.id === id })
      return answer
    } catch (error) {
      this.end()
      throw error
    }
  }

  /** With the programs that it started. */
  end(): void {
    const { pid } = this.#process
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      // All of them have ended already.
      if (!isCode(error, 'ESRCH')) throw error
    }
  }

  /** An idle process does not keep this one from ending. */
  #holdOpen(hold: boolean): void {
    const change = hold ? 'ref' : 'unref'
    this.#process[change]()
    this.#process.channel?.[change]()
    const stderr = this.#process.stderr as (NodeJS.ReadableStream & { ref?(): void; unref?(): void }) | null
    stderr?.[change]?.()
  }

  /** The next message that is owed. Others are the program's own, and are not read. */
  #message<Message>({
    timeoutMs,
    signal,
    owed,
  }: {
    timeoutMs: number
    signal?: AbortSignal
    owed: (message: Message) => boolean
  }): Promise<Message> {
    return new Promise((resolve, reject) => {
      const child = this.#process
      const settle = (finish: () => void) => {
        clearInterval(timer)
        clearTimeout(ending)
        child.off('message', onMessage).off('exit', onExit).off('error', onError).off('disconnect', onDisconnect)
        signal?.removeEventListener('abort', onAbort)
        this.#holdOpen(false)
        finish()
      }
      const fail = (reason: string) => settle(() => reject(new VerifierEnded(reason)))
      const onMessage = (message: unknown) => {
        if (typeof message === 'object' && message !== null && owed(message as Message)) {
          settle(() => resolve(message as Message))
        }
      }
      let ending: NodeJS.Timeout | undefined
      const onExit = (status: number | null, by: string | null) => {
        // Its last words may still be on the way.
        ending = setTimeout(() => fail(this.#ending(status, by)), lookMs)
      }
      const onError = (error: Error) => fail(error.message)
      // A process that closed its channel will not answer; if it is ending, its status comes next.
      const onDisconnect = () => this.end()
      const onAbort = () => settle(() => reject(signal?.reason as Error))
      const timer = setInterval(this.#watch(timeoutMs, fail), lookMs)
      child.on('message', onMessage).on('exit', onExit).on('error', onError).on('disconnect', onDisconnect)
      signal?.addEventListener('abort', onAbort)
      this.#holdOpen(true)
      if (signal?.aborted) onAbort()
      else if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode)
    })
  }

  /** Looks at time and memory; called again and again while an answer is owed. */
  #watch(timeoutMs: number, fail: (reason: string) => void): () => void {
    const pid = this.#process.pid ?? 0
    const before = processFacts(pid)
    const maxBytes = (this.#limits.memoryMb + beyondHeapMb) * 2 ** 20
    let last = performance.now()
    let takenMs = 0
    return () => {
      const now = performance.now()
      // A machine that was suspended in between has given it no time.
      takenMs += Math.min(now - last, 20 * lookMs)
      last = now
      const facts = processFacts(pid)
      if (facts !== null && facts.residentBytes > maxBytes) {
        fail(`it holds more than ${this.#limits.memoryMb + beyondHeapMb} MB`)
      } else if (takenMs >= timeoutMs) {
        const usedMs = facts === null || before === null ? timeoutMs : facts.processorMs - before.processorMs
        // On a busy machine the limit is one of processor time, so that it does not decide what it would not on an idle one.
        const starved = facts !== null && !facts.waiting && usedMs < timeoutMs && takenMs < maxStretch * timeoutMs
        if (!starved) fail(`no answer within ${timeoutMs} ms`)
      }
    }
  }

  #ending(status: number | null, by: string | null): string {
    const how = by === null ? `status ${status}` : by
    const why = /heap out of memory/.test(this.#errors)
      ? `; its heap was full (${this.#limits.memoryMb} MB)`
      : (/^\w*(?:Error|Exception)\b[^\n]*$/m.exec(this.#errors)?.[0] ?? '').replace(/^(?=.)/, '; ')
    return `its process ended (${how})${why.slice(0, 300)}`
  }
}

/** A verifier is not told the secrets of its worker, nor how Node was called for it. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...rest } = withoutSecrets(process.env)
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('RLEV_')))
}
