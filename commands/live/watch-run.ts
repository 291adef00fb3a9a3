/** Follows a run until it is over or the reader leaves. Watching does not influence the work. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { RlevError } from '../../pipelines/errors.js'
import { lookAtRun } from '../runs/run-status.js'
import { isOver, type RunView } from '../runs/run-view.js'
import { TemporalRuns } from '../runs/temporal-runs.js'
import { type Home, openHome } from '../services/home.js'
import { externalTemporal } from '../services/temporal.js'
import { Pace } from './pace.js'
import { plannedWork } from './planned-work.js'
import type { Screen } from './screen.js'

/** Milliseconds that a server may be away before the watcher gives up; the work does not. */
const timeoutMs = 10 * 60_000

/**
 * The view when it is over; undefined where `left` was aborted before.
 * @throws RlevError ServiceUnavailable when the Temporal server stays away for ten minutes.
 */
export async function watchRun(options: {
  home: Home
  name: string
  screen: Screen
  left: AbortSignal
}): Promise<RunView | undefined> {
  const { home, name, screen, left } = options
  const pace = new Pace(await plannedWork(home.path, name))
  const connection = new Reconnecting(home)
  let lastAnswer = Date.now()
  try {
    for (;;) {
      // Leaving does not wait for a slow server.
      const seen = await unlessLeft(left, lookAtRun(connection.home, name, connection.temporal()))
      if (seen === undefined) return undefined
      const view = pace.estimate(seen, Date.now())
      screen.show(view, Date.now())
      if (isOver(view.state)) return view
      if (!view.serverAway) lastAnswer = Date.now()
      else await connection.renew()
      if (Date.now() - lastAnswer > timeoutMs) throw awayTooLong(home, name)
      await pause(screen.pace, left)
      if (left.aborted) return undefined
    }
  } finally {
    await connection.close()
  }
}

/** A server that comes back may have another address, which `up` writes into the home; and a new channel is faster than an old one. */
class Reconnecting {
  home: Home
  #temporal: TemporalRuns | undefined

  constructor(home: Home) {
    this.home = home
  }

  temporal(): TemporalRuns | undefined {
    const service = externalTemporal() ?? this.home.services?.temporal
    if (service !== undefined) this.#temporal ??= new TemporalRuns(service, this.home)
    return this.#temporal
  }

  async renew(): Promise<void> {
    this.home = openHome(this.home.path)
    await this.close()
  }

  async close(): Promise<void> {
    const temporal = this.#temporal
    this.#temporal = undefined
    await temporal?.close()
  }
}

async function pause(milliseconds: number, left: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal: left })
  } catch (error) {
    if (!left.aborted) throw error
  }
}

/** The result, or undefined as soon as the reader leaves. */
async function unlessLeft<Result>(left: AbortSignal, work: Promise<Result>): Promise<Result | undefined> {
  const leaving = new AbortController()
  try {
    const gone = once(left, 'abort', { signal: leaving.signal }).then(
      () => undefined,
      // The work was first.
      () => undefined,
    )
    return left.aborted ? undefined : await Promise.race([work, gone])
  } finally {
    leaving.abort()
    // What is no longer waited for may still fail.
    work.catch(() => {})
  }
}

function awayTooLong(home: Home, name: string): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the Temporal server has been away for ten minutes; nothing is lost, and the work goes on when it is back',
    place: home.services?.temporal.address ?? home.path,
    remedy: `\`rlev up\`, then \`rlev watch ${name}\``,
  })
}
