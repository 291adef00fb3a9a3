/**
 * Between whoever wants a prompt, and waits, and the process that renders it: starts that process, ends it where it does not answer,
 * and starts it anew.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { workerData } from 'node:worker_threads'
import { type ChatAnswer, type ChatCall, type ChatThread, renderMemory, renderPatience } from './chat-template.js'

const { port, state } = workerData as ChatThread
const program = fileURLToPath(new URL('./chat-template-process.js', import.meta.url))

/** Until a process has started and read its program. (ms) */
const startPatience = 10_000

let running: ChildProcess | undefined

port.on('message', async (call: ChatCall) => {
  port.postMessage(await answerTo(call))
  Atomics.store(state, 0, 1)
  Atomics.notify(state, 0)
})

/** A second try follows: a process that was stopped in between has lost its time without using it. */
async function answerTo(call: ChatCall): Promise<ChatAnswer> {
  const first = await tried(call)
  return 'endless' in first ? tried(call) : first
}

async function tried(call: ChatCall): Promise<ChatAnswer> {
  try {
    running ??= await started()
    running.send(call)
    return (await heard(running, renderPatience)) as ChatAnswer
  } catch (error) {
    running?.kill('SIGKILL')
    running = undefined
    return { endless: (error as Error).message }
  }
}

async function started(): Promise<ChildProcess> {
  const child = fork(program, {
    execArgv: [`--max-old-space-size=${renderMemory}`],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // Whoever wants no more prompts is not kept waiting.
  child.unref()
  child.channel?.unref()
  try {
    await heard(child, startPatience)
    return child
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** The next message. Rejects where the process ends first, or says nothing in time. */
function heard(child: ChildProcess, patience: number): Promise<unknown> {
  return new Promise((settle, fail) => {
    const end = (finish: () => void) => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit).off('error', fail)
      finish()
    }
    const onMessage = (message: unknown) => end(() => settle(message))
    const onExit = (status: number | null, signal: string | null) =>
      end(() => fail(new Error(`its process ended (${signal ?? `status ${status}`})`)))
    const timer = setTimeout(() => end(() => fail(new Error(`no answer within ${patience} ms`))), patience)
    child.on('message', onMessage).on('exit', onExit).on('error', fail)
  })
}
