/** The proxy before Temporal: bytes only, for gRPC is not looked into. What the client sends in one piece counts as a request. */
import { connect, createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rates } from './faults.js'
import { FaultyProxy, type ProxyOptions } from './proxy.js'

export interface TcpProxyOptions extends ProxyOptions {
  rates: Omit<Rates, 'unavailable'>
}

/** What is to happen to the server's next piece. */
type Next = 'pass' | 'cut' | 'halve'

class Cut extends Error {}

export class TcpProxy extends FaultyProxy {
  readonly #target: number

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options)
    await proxy.comeBack()
    return proxy
  }

  private constructor(options: TcpProxyOptions) {
    const server = createServer(client => this.#join(client))
    super(server, options)
    this.#target = options.target
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  #join(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') this.counts.unanswered++
    })
    const line = { next: 'pass' as Next }
    const both = [
      pipeline(client, chunks => this.#requests(chunks, line), server),
      pipeline(server, chunks => answers(chunks, line), client),
    ]
    for (const direction of both) {
      // A cut, or an end that one of the two made: the other side learns of it as it would from a network.
      direction.catch(() => {
        client.resetAndDestroy()
        server.destroy()
      })
    }
  }

  async *#requests(chunks: AsyncIterable<Buffer>, line: { next: Next }): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.counts.requests++
      const { fault, delay } = this.strike()
      if (delay > 0) await sleep(delay)
      if (fault === 'cutBefore') throw new Cut()
      if (fault === 'cutAfter') line.next = 'cut'
      if (fault === 'cutWithin') line.next = 'halve'
      yield chunk
    }
  }
}

async function* answers(chunks: AsyncIterable<Buffer>, line: { next: Next }): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (line.next === 'cut') throw new Cut()
    if (line.next === 'halve') {
      yield chunk.subarray(0, chunk.length >> 1)
      throw new Cut()
    }
    yield chunk
  }
}
