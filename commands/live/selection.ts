/** Which experiments of a run are shown: those that were asked for, the ones that need somebody first, and not more than fit. */
import type { ExperimentView, RunState, RunView } from '../runs/run-view.js'

export interface Selection {
  arm?: string | undefined
  state?: RunState | undefined
  /** Experiments that are shown. */
  limit?: number | undefined
}

export interface Selected {
  shown: ExperimentView[]
  /** Those that were asked for and are not shown. */
  hidden: ExperimentView[]
}

/** If nothing is asked for, a run of more experiments is cut. */
export const mostShown = 50

/** What failed comes first, then what is at work, and what waits last. */
const importance: readonly RunState[] = ['failed', 'stopped', 'running', 'paused', 'cancelled', 'done', 'waiting']

export function isSelective({ arm, state, limit }: Selection): boolean {
  return arm !== undefined || state !== undefined || limit !== undefined
}

/** A run that fits stays in its order. */
export function select(
  { experiments }: Pick<RunView, 'experiments'>,
  { arm, state, limit = mostShown }: Selection = {},
): Selected {
  const asked = experiments.filter(
    experiment => (arm === undefined || experiment.arm === arm) && (state === undefined || experiment.state === state),
  )
  if (asked.length <= limit) return { shown: asked, hidden: [] }
  const ranked = [...asked].sort((a, b) => importance.indexOf(a.state) - importance.indexOf(b.state))
  return { shown: ranked.slice(0, limit), hidden: ranked.slice(limit) }
}
