/**
 * Sessions with a server, one for each model. A session is kept alive between activities, because a server unloads the models of one that
 * is silent for some minutes. That also frees the place of a model that nobody can name: one whose making was cut off before its answer
 * came, or whose worker died. So no other model may keep its session alive.
 */
import { given } from '../../../pipelines/given.js'
import type { TinkerClient } from '../client.js'
import { startTicker } from '../ticker.js'

export interface ServerSession {
  readonly id: string
  /** The server unloads what is left of it, some minutes later. */
  end(): void
}

export async function beginSession(
  client: TinkerClient,
  { signal, intervalMs }: { signal: AbortSignal; intervalMs?: number },
): Promise<ServerSession> {
  const id = await client.createSession({ signal })
  const ticker = startTicker({ client, sessionId: id, ...given({ intervalMs }) })
  return { id, end: () => ticker.stop() }
}

/** A model in doubt may be gone, and a server may be away: its session ends it then. */
export async function unload(client: TinkerClient, modelId: string): Promise<void> {
  await client.unloadModel(modelId, { signal: AbortSignal.timeout(unloadLimitMs) }).catch(() => {})
}

const unloadLimitMs = 2_000

/** Its session is silent from now on, which frees its place if the server does not take the request. */
export async function discard(
  client: TinkerClient,
  { modelId, session }: { modelId: string; session: ServerSession },
): Promise<void> {
  await unload(client, modelId)
  session.end()
}
