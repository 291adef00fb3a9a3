/**
 * Keeps a session alive: servers unload the models of a session that is silent for some minutes, without a word. A heartbeat that
 * fails is not repeated: the next one comes soon.
 */
import type { TinkerClient } from './client.js'

export interface Ticker {
  stop(): void
}

/** The SDK's interval. SkyRL's limit of silence is 300 s. */
const defaultIntervalMs = 10_000

export function startTicker({
  client,
  sessionId,
  intervalMs = defaultIntervalMs,
}: {
  client: TinkerClient
  sessionId: string
  intervalMs?: number
}): Ticker {
  const ended = new AbortController()
  let isUnderWay = false
  const beat = async () => {
    if (isUnderWay) return
    isUnderWay = true
    try {
      await client.heartbeat(sessionId, { timeoutMs: intervalMs, signal: ended.signal })
    } catch {
      // The ticker was stopped.
    } finally {
      isUnderWay = false
    }
  }
  const timer = setInterval(() => void beat(), intervalMs)
  timer.unref()
  return {
    stop: () => {
      clearInterval(timer)
      ended.abort()
    },
  }
}
