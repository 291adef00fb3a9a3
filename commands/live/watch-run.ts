/** Follows a run until it is over or the reader leaves. Nothing here moves the work: it goes on whoever watches. */
import { setTimeout as sleep } from 'node:timers/promises'
import { RlevError } from '../../pipelines/errors.js'
import { lookAtRun } from '../runs/look.js'
import { TemporalRuns } from '../runs/temporal.js'
import { isOver, type RunView } from '../runs/view.js'
import { type Home, openHome } from '../services/home.js'
import { externalTemporal } from '../services/temporal.js'
import { Pace } from './pace.js'
import type { Screen } from './screen.js'

/** Milliseconds that a server may be away before the watcher gives up; the work does not. */
const patience = 10 * 60_000

/**
 * The last view: over, or as it was when `left` was aborted.
 * @throws RlevError ServiceUnavailable when the Temporal server stays away for ten minutes.
 */
export async function watchRun(options: {
  home: Home
  name: string
  screen: Screen
  left: AbortSignal
}): Promise<RunView> {
  const { home, name, screen, left } = options
  const pace = new Pace()
  const connection = new Reconnecting(home)
  let lastAnswer = Date.now()
  try {
    for (;;) {
      const view = pace.estimate(await lookAtRun(connection.home(), name, connection.temporal()), Date.now())
      screen.show(view, Date.now())
      if (isOver(view.state) || left.aborted) return view
      if (!view.serverAway) lastAnswer = Date.now()
      else connection.renew()
      if (Date.now() - lastAnswer > patience) throw awayTooLong(home, name)
      await pauseUnless(left, screen.pace)
    }
  } finally {
    await connection.close()
  }
}

/** A server that comes back may have another address: `up` writes it into the home. */
class Reconnecting {
  readonly #path: string
  #home: Home
  #temporal: TemporalRuns | undefined

  constructor(home: Home) {
    this.#path = home.path
    this.#home = home
  }

  home(): Home {
    return this.#home
  }

  temporal(): TemporalRuns | undefined {
    const service = externalTemporal() ?? this.#home.services?.temporal
    if (service !== undefined) this.#temporal ??= new TemporalRuns(service)
    return this.#temporal
  }

  renew(): void {
    const before = this.#home.services?.temporal.address
    this.#home = openHome(this.#path)
    if (this.#home.services?.temporal.address === before) return
    void this.close()
  }

  async close(): Promise<void> {
    const temporal = this.#temporal
    this.#temporal = undefined
    await temporal?.close()
  }
}

async function pauseUnless(left: AbortSignal, milliseconds: number): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal: left })
  } catch (error) {
    if (!left.aborted) throw error
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
