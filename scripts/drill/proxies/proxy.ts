/** What the proxies share: one port on loopback, connections that can all be cut, being down for a while, the counts. */
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Counts, FaultPlan, noCounts, type Rates, type Strike } from './faults.js'

export interface ProxyOptions {
  /** Port on loopback of the server behind it. */
  target: number
  seed: number
  rates: Rates
}

export abstract class FaultyProxy {
  readonly counts: Counts = noCounts()
  readonly #server: Server
  readonly #plan: FaultPlan
  readonly #sockets = new Set<Socket>()
  #port = 0

  protected constructor(server: Server, { seed, rates }: ProxyOptions) {
    this.#server = server
    this.#plan = new FaultPlan({ seed, rates })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      // The reading or writing side gets the error.
      socket.on('error', () => {})
    })
  }

  get port(): number {
    return this.#port
  }

  /** Listens: at first on a port that is free, afterwards on the same. */
  async comeBack(): Promise<void> {
    await new Promise<void>((settle, fail) => {
      this.#server.once('error', fail)
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', fail)
        settle()
      })
    })
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Connections are refused from now on, and those there are reset; what was passed on, the server goes on with. */
  async goDown(): Promise<void> {
    const closed = new Promise<void>(settle => this.#server.close(() => settle()))
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.goDown()
  }

  async outage(milliseconds: number): Promise<void> {
    this.counts.outages++
    await this.goDown()
    await sleep(milliseconds)
    await this.comeBack()
  }

  /** What befalls the next request; counted. */
  protected strike(): Strike {
    const strike = this.#plan.next()
    if (strike.fault !== 'none') this.counts[strike.fault]++
    if (strike.delay > 0) this.counts.delayed++
    return strike
  }
}
