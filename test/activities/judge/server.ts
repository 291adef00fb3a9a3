/** A judge of the tests: a real HTTP server on loopback that answers rightly, and that can be slow, wrong, busy, broken or silent. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JudgeConfig } from '../../../pipelines/config/schema.js'
import type { JudgeQuestion } from '../../../pipelines/rewards/judge/prompt.js'

export interface Received {
  question: JudgeQuestion
  model: string
  headers: IncomingHttpHeaders
  path: string
}

/** What it does with a request; `n` counts from 0. */
export type Behaviour = (answer: ServerResponse, received: Received, n: number) => void

export function completion(content: string): string {
  return JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  })
}

export function reply(answer: ServerResponse, status: number, body = '', headers: Record<string, string> = {}): void {
  answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

/** As a judge without fault: the texts are the same or they are not. */
export const right: Behaviour = (answer, { question }) =>
  reply(answer, 200, completion(question.answer === question.reference ? 'SAME' : 'DIFFERENT'))

export class JudgeServer {
  behaviour: Behaviour = right
  readonly received: Received[] = []
  /** The most requests that were under way at once. */
  widest = 0
  #open = 0
  readonly #server = createServer((request, answer) => {
    this.#open++
    this.widest = Math.max(this.widest, this.#open)
    answer.once('close', () => this.#open--)
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString('utf8'))
      const question = JSON.parse(body.messages[1].content) as JudgeQuestion
      const received = { question, model: body.model, headers: request.headers, path: request.url ?? '' }
      this.received.push(received)
      this.behaviour(answer, received, this.received.length - 1)
    })
  })

  async start(): Promise<this> {
    await new Promise<void>(ready => this.#server.listen(0, '127.0.0.1', ready))
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  config(changes: Partial<JudgeConfig> = {}): JudgeConfig {
    return {
      url: this.url,
      model: 'judge',
      decides: 'everything',
      timeout: 5,
      attempts: 3,
      backoff: 0.002,
      concurrency: 8,
      ...changes,
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>(done => this.#server.close(() => done()))
  }
}
