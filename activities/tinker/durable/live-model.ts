/** A model that a server holds now: its session, its ticker, and the number of its next request. */
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import type { TinkerClient } from '../client.js'
import { startTicker, type Ticker } from '../ticker.js'
import type { Calling, ModelSettings } from '../types.js'

/** A state on a server: plain, to be kept by the holder of a run. */
export interface StateRef {
  /** Steps that are in it. */
  step: number
  /** `tinker://MODEL/weights/NAME` */
  path: string
}

/** For the end of a model that may be gone with its server. */
const unloadTimeoutMs = 10_000

export class LiveModel {
  readonly id: string
  readonly #client: TinkerClient
  readonly #ticker: Ticker
  readonly #calling: Calling
  #requests = 0
  /** Of the weights as they are. */
  sampler: { name: string; path: string } | null = null

  private constructor(parts: { id: string; client: TinkerClient; ticker: Ticker; calling: Calling }) {
    this.id = parts.id
    this.#client = parts.client
    this.#ticker = parts.ticker
    this.#calling = parts.calling
  }

  /** In a separate session: when that is silent, the server forgets what was made in it. */
  static async open(
    { client, settings, calling }: { client: TinkerClient; settings: ModelSettings; calling: Calling },
    from: StateRef | null,
  ): Promise<LiveModel> {
    const sessionId = await client.createSession(calling)
    const ticker = startTicker({ client, sessionId, ...given({ onTick: calling.onWait }) })
    try {
      const { modelId: id, rank } = await client.createModel({ ...settings, ...calling, sessionId, modelSeqId: 0 })
      if (rank !== null && rank !== settings.rank)
        throw otherRank(client.address, { expected: settings.rank, found: rank })
      const live = new LiveModel({ id, client, ticker, calling })
      if (from !== null) await client.loadState({ ...live.next, path: from.path })
      return live
    } catch (error) {
      ticker.stop()
      throw error
    }
  }

  /** Of the next request: servers want a model's requests numbered from 1, without a gap. */
  get next(): { modelId: string; seqId: number } & Calling {
    return { ...this.#calling, modelId: this.id, seqId: ++this.#requests }
  }

  /** Frees the slot if the server answers soon; else it does so when the session has been silent. */
  async close(): Promise<void> {
    this.#ticker.stop()
    await this.#client.unloadModel(this.id, { signal: AbortSignal.timeout(unloadTimeoutMs) }).catch(() => {})
  }
}

function otherRank(place: string, { expected, found }: { expected: number; found: number }): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the server made an adapter of another rank',
    place,
    expected: String(expected),
    found: String(found),
    remedy: 'ask for a rank that the server can make',
  })
}
