/**
 * The chat template of a checkpoint, a program of whoever published it: it may loop for ever or fill the memory. It is rendered in a
 * process of its own (chat-template-process.ts), which has little of both; a thread (chat-template-thread.ts) speaks to that process,
 * so that prompts are made here without waiting for events.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { RlevError } from '../errors.js'

export interface ChatCall {
  /** In Jinja. */
  template: string
  /** What the template finds by name. */
  values: Readonly<Record<string, unknown>>
}

/** `problem`: what the template said, or what is wrong with it. `endless`: how its process ended instead of answering, each time. */
export type ChatAnswer = { text: string } | { problem: string } | { endless: string }

/** What the thread is started with; `state` says whether it has answered. */
export interface ChatThread {
  port: MessagePort
  state: Int32Array
}

/** Of one rendering, which usually takes less than a thousandth of it. (ms) */
export const renderPatience = 1200

/** Of what a template makes. (MB) */
export const renderMemory = 128

/** For an answer of the thread, which bounds everything else itself. (ms) */
const patience = 30_000

class ChatRenderer {
  readonly #port: MessagePort
  readonly #state = new Int32Array(new SharedArrayBuffer(4))

  constructor() {
    const { port1, port2 } = new MessageChannel()
    const thread: ChatThread = { port: port2, state: this.#state }
    this.#port = port1
    const worker = new Worker(new URL('./chat-template-thread.js', import.meta.url), {
      workerData: thread,
      transferList: [port2],
      execArgv: [],
    })
    worker.unref()
    this.#port.unref()
  }

  render(call: ChatCall): ChatAnswer {
    Atomics.store(this.#state, 0, 0)
    this.#port.postMessage(call)
    const waited = Atomics.wait(this.#state, 0, 0, patience)
    const answer = receiveMessageOnPort(this.#port)?.message as ChatAnswer | undefined
    return answer ?? { endless: `the thread that renders gave no answer (${waited})` }
  }
}

/** One for all templates; made when the first is rendered. */
let renderer: ChatRenderer | undefined

/** The prompt that messages make. Throws CheckpointInvalid for a template that cannot be read, refuses the messages, or does not end. */
export function renderChat(call: ChatCall): string {
  renderer ??= new ChatRenderer()
  const answer = renderer.render(call)
  if ('text' in answer) return answer.text
  if ('problem' in answer) throw unfit('cannot be rendered', 'a template that takes these messages', answer.problem)
  throw unfit(
    'does not end, or fills the memory',
    `a prompt within ${renderPatience} ms and ${renderMemory} MB`,
    answer.endless,
  )
}

function unfit(what: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: `the chat template of the checkpoint ${what}`,
    place: 'chat_template',
    expected,
    found,
    remedy: 'use a checkpoint whose template you know, or prompts that are text instead of messages',
  })
}
