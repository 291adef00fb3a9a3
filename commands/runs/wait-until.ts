/** Waiting for a run to come to what it was told. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Home } from '../services/home.js'
import { lookAtRun } from './run-status.js'
import type { RunView } from './run-view.js'
import type { TemporalRuns } from './temporal-runs.js'

/** Milliseconds for what is being computed to come to the end of its micro-batch. */
const timeoutMs = 60_000

/** The first view that holds; undefined where none does within a minute. */
export async function until(
  { home, name, temporal }: { home: Home; name: string; temporal: TemporalRuns },
  holds: (view: RunView) => boolean,
): Promise<RunView | undefined> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(500)) {
    const view = await lookAtRun(home, name, temporal)
    if (holds(view)) return view
  }
  return undefined
}
