/**
 * A session of this process with one server: kept alive between activities, because a server unloads the models of a session that is
 * silent for some minutes. A server that does not know the session any more gets a new one, with the next model.
 */
import type { TinkerEngineConfig } from '../../../pipelines/config/schema.js'
import { TinkerClient } from '../client.js'
import { startTicker, type Ticker } from '../ticker.js'

export class ServerSession {
  readonly client: TinkerClient
  #session: { id: string; ticker: Ticker; models: number } | null = null

  constructor({ url, patienceMs }: Pick<TinkerEngineConfig, 'url' | 'patienceMs'>) {
    this.client = new TinkerClient({ url, patience: { patienceMs } })
  }

  /** The session, and the number of its next model, from 0. */
  async next(signal: AbortSignal): Promise<{ sessionId: string; modelSeqId: number }> {
    if (this.#session?.ticker.alive === false) this.end()
    this.#session ??= await this.#begin(signal)
    return { sessionId: this.#session.id, modelSeqId: this.#session.models++ }
  }

  end(): void {
    this.#session?.ticker.stop()
    this.#session = null
  }

  async #begin(signal: AbortSignal): Promise<{ id: string; ticker: Ticker; models: number }> {
    const id = await this.client.createSession({ signal })
    return { id, ticker: startTicker({ client: this.client, sessionId: id }), models: 0 }
  }
}
