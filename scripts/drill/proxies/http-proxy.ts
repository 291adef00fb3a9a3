/**
 * The proxy before MLflow. A request is read whole, passed on, and its answer read whole before the client gets any of it:
 * so a fault after the commit is one after the commit.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Strike } from './faults.js'
import { type Answer, bytesOf, passOn, send, sendHead } from './http-exchange.js'
import { FaultyProxy, type ProxyOptions } from './proxy.js'

export interface HttpProxyOptions extends ProxyOptions {
  /** Calls that faults may strike, as `POST /api/2.0/mlflow/runs/create`; all, if left out. */
  strikes?: (call: string) => boolean
}

const html = { 'content-type': 'text/html' }
const json = { 'content-type': 'application/json' }

export class HttpProxy extends FaultyProxy {
  readonly #target: number
  readonly #strikes: (call: string) => boolean

  static async start(options: HttpProxyOptions): Promise<HttpProxy> {
    const proxy = new HttpProxy(options)
    await proxy.comeBack()
    return proxy
  }

  private constructor(options: HttpProxyOptions) {
    const server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch((error: Error) => response.destroy(error))
    })
    super(server, options)
    this.#target = options.target
    this.#strikes = options.strikes ?? (() => true)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counts.requests++
    const body = await bytesOf(incoming)
    const mayStrike = this.#strikes(`${incoming.method} ${incoming.url?.split('?')[0]}`)
    const { fault, delay }: Strike = mayStrike ? this.strike() : { fault: 'none', delay: 0 }
    if (delay > 0) await sleep(delay)
    if (fault === 'cutBefore') {
      incoming.socket.resetAndDestroy()
      return
    }
    const answer = await this.#pass(incoming, body)
    switch (fault) {
      case 'none':
        return send(response, answer)
      case 'unavailable': {
        const error = { error_code: 'TEMPORARILY_UNAVAILABLE', message: 'after the commit' }
        return send(response, { status: 503, headers: json, body: Buffer.from(JSON.stringify(error)) })
      }
      case 'cutAfter':
        incoming.socket.resetAndDestroy()
        return
      case 'cutWithin':
        // Ended and not reset: a reset would take the half back that is on its way.
        sendHead(response, answer).write(answer.body.subarray(0, answer.body.length >> 1), () => incoming.socket.end())
        return
      default:
        return fault satisfies never
    }
  }

  /** The server's answer, or a gateway's where it gives none. */
  async #pass(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    try {
      return await passOn(incoming, body, { hostname: '127.0.0.1', port: this.#target })
    } catch {
      // Refused or broken off: what a gateway says then is no JSON.
      this.counts.unanswered++
      return { status: 502, headers: html, body: Buffer.from('<html><h1>502 Bad Gateway</h1></html>') }
    }
  }
}
