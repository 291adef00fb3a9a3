/**
 * Renders the chat template of a checkpoint. A template is a program of an unknown author: it may loop without
 * end or fill the memory. So it runs in a child process (chat-template-process.ts) with a limit on time and
 * memory. The process is started with the first rendering, reused, ended when it is idle, and replaced if it
 * does not answer.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { RlevError } from '../errors.js'

export interface ChatCall {
  /** In Jinja. */
  template: string
  /** What the template finds by name. */
  values: Readonly<Record<string, unknown>>
}

/** As the child process gets it. */
export interface LimitedChatCall extends ChatCall {
  timeoutMs: number
}

/** `problem`: what the template said, or what is wrong with it. */
export type ChatAnswer = { text: string } | { problem: string }

/** For one rendering, which usually takes a thousandth of it. */
const renderTimeoutMs = 1200

/** For what a template makes. */
const maxMemoryMb = 128

/** Until a process has started and read its program. */
const startTimeoutMs = 10_000

/**
 * A process that gave no answer is replaced once: it may have been suspended, and lost its time without using
 * it.
 */
const attempts = 2

const program = fileURLToPath(new URL('./chat-template-process.js', import.meta.url))

export class ChatRenderer {
  readonly #idleTimeoutMs: number
  readonly #timeoutMs: number
  #child: ChildProcess | null = null
  #idle: NodeJS.Timeout | undefined
  /** Settles with the last call. Calls run one after the other, so that each has the process to itself. */
  #queue: Promise<unknown> = Promise.resolve()

  /** `timeoutMs`: of one rendering. */
  constructor({ idleTimeoutMs, timeoutMs = renderTimeoutMs }: { idleTimeoutMs: number; timeoutMs?: number }) {
    this.#idleTimeoutMs = idleTimeoutMs
    this.#timeoutMs = timeoutMs
  }

  /** Of the child process; undefined if none runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * The prompt. Rejects with CheckpointInvalid if the template cannot be read, refuses the values, or exceeds
   * its limits.
   */
  async render(call: ChatCall): Promise<string> {
    const turn = this.#queue.then(() => this.#answer(call))
    this.#queue = turn.catch(() => {})
    const answer = await turn
    if ('text' in answer) return answer.text
    throw invalid('cannot be rendered', 'a template that takes these messages', answer.problem)
  }

  async #answer(call: ChatCall): Promise<ChatAnswer> {
    clearTimeout(this.#idle)
    for (let attempt = 1; ; attempt++) {
      try {
        const child = this.#child ?? (await this.#start())
        const limited: LimitedChatCall = { ...call, timeoutMs: this.#timeoutMs }
        child.send(limited)
        const answer = (await nextMessage(child, this.#timeoutMs)) as ChatAnswer
        this.#idle = setTimeout(() => this.#end(), this.#idleTimeoutMs).unref()
        return answer
      } catch (error) {
        this.#end()
        if (attempt < attempts) continue
        const limits = `a prompt within ${this.#timeoutMs} ms and ${maxMemoryMb} MB`
        throw invalid('does not end, or fills the memory', limits, (error as Error).message)
      }
    }
  }

  async #start(): Promise<ChildProcess> {
    const child = await started()
    child.once('exit', () => {
      if (this.#child === child) this.#child = null
    })
    this.#child = child
    return child
  }

  #end(): void {
    this.#child?.kill('SIGKILL')
    this.#child = null
  }
}

async function started(): Promise<ChildProcess> {
  const child = fork(program, {
    execArgv: [`--max-old-space-size=${maxMemoryMb}`],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // An idle process must not keep this one from ending. While an answer is awaited, the timer of `nextMessage`
  // does.
  child.unref()
  child.channel?.unref()
  try {
    await nextMessage(child, startTimeoutMs)
    return child
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** Rejects if the process ends first, or says nothing in time. */
function nextMessage(child: ChildProcess, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit).off('error', onError)
      finish()
    }
    const onMessage = (message: unknown) => settle(() => resolve(message))
    const onError = (error: Error) => settle(() => reject(error))
    const onExit = (status: number | null, signal: string | null) =>
      settle(() => reject(new Error(`its process ended (${signal ?? `status ${status}`})`)))
    const timer = setTimeout(() => settle(() => reject(new Error(`no answer within ${timeoutMs} ms`))), timeoutMs)
    child.on('message', onMessage).on('exit', onExit).on('error', onError)
  })
}

/** One for all templates. */
const renderer = new ChatRenderer({ idleTimeoutMs: 30_000 })

/** As ChatRenderer.render. */
export const renderChat = (call: ChatCall): Promise<string> => renderer.render(call)

function invalid(what: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: `the chat template of the checkpoint ${what}`,
    place: 'chat_template',
    expected,
    found,
    remedy: 'use a checkpoint whose template you know, or prompts that are text instead of messages',
  })
}
