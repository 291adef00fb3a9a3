/** What Temporal says of a run and of its experiments: what is going on, in place of what is stored. */
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import type { ExperimentProgress, SweepProgress } from '../../workflows/messages.js'
import type { ExperimentView } from './run-view.js'
import type { Ending, TemporalRuns } from './temporal-runs.js'
import type { WorkflowFacts } from './workflow-facts.js'

/** What was asked of Temporal; `away`: it did not answer. */
export interface Answer {
  facts: WorkflowFacts | null
  progress: ExperimentProgress | SweepProgress | null
  /** What is said of the experiments of a sweep, by arm and seed. */
  told: ReadonlyMap<string, ExperimentProgress>
  /** Whether the batch of this experiment, counted in the plan's order, has ended. */
  isBehind: (index: number) => boolean
  ending: Ending | null
  away: boolean
  /** The server answers, but nobody answers for the workflow. */
  workerAway: boolean
}

/** What an experiment says of itself, and what Temporal says of its activity. */
export type Report = ExperimentProgress & Pick<ExperimentView, 'warmStart' | 'answered' | 'trouble' | 'held'>

export const nothing: Answer = {
  ...{ facts: null, progress: null, ending: null, away: false, workerAway: false },
  told: new Map(),
  isBehind: () => false,
}

export async function ask(temporal: TemporalRuns, name: string): Promise<Answer> {
  const answer = { ...nothing }
  try {
    answer.facts = await temporal.facts(name)
    if (answer.facts === null) return answer
    if (answer.facts.status !== 'running') answer.ending = await temporal.ending(name)
  } catch (error) {
    if (!isAway(error)) throw error
    return { ...answer, away: true }
  }
  if (answer.ending?.state === 'completed') {
    const { result } = answer.ending
    return 'experiments' in result ? { ...answer, told: byCell(result.experiments) } : answer
  }
  try {
    // One that failed or was cancelled still tells how far each experiment came.
    answer.progress = await temporal.progress(name)
    const { progress } = answer
    if (progress !== null && 'experiments' in progress) return { ...answer, ...(await askBatches(temporal, progress)) }
  } catch (error) {
    if (!isAway(error)) throw error
    answer.workerAway = answer.ending === null
  }
  return answer
}

/** A large sweep tells counts; those of its batches that are at work tell of their experiments, and the store of the others. */
async function askBatches(
  temporal: TemporalRuns,
  { experiments, batches = [] }: SweepProgress,
): Promise<Pick<Answer, 'told' | 'isBehind'>> {
  const open = batches.filter(({ ended }) => !ended)
  const told = await Promise.all(open.map(({ id }) => temporal.progress(id)))
  const ofBatches = told.flatMap(progress =>
    progress !== null && 'experiments' in progress ? progress.experiments : [],
  )
  const ended = batches.filter(batch => batch.ended)
  return {
    told: byCell([...experiments, ...ofBatches]),
    isBehind: index => ended.some(({ from, to }) => index >= from && index < to),
  }
}

function byCell(experiments: readonly ExperimentProgress[]): ReadonlyMap<string, ExperimentProgress> {
  return new Map(experiments.map(experiment => [cellKey(experiment), experiment]))
}

export function cellKey({ arm, seed }: Pick<ExperimentView, 'arm' | 'seed'>): string {
  return `${arm} ${seed}`
}

/** A workflow that ended before the sweep began is of an earlier attempt at the sweep. */
export async function toldBy(
  id: string,
  { temporal, since }: { temporal: TemporalRuns; since: number },
): Promise<Report | 'not begun' | 'silent'> {
  try {
    const facts = await temporal.facts(id)
    if (facts === null || (facts.status !== 'running' && facts.startedAt < since)) return 'not begun'
    const told = facts.status === 'running' ? await temporal.progress(id) : null
    return told !== null && 'stage' in told ? reportOf(told, facts) : 'silent'
  } catch (error) {
    if (!isAway(error)) throw error
    return 'silent'
  }
}

/** A service that may come back, as opposed to a call that is wrong. */
export function isAway(error: unknown): boolean {
  return error instanceof RlevError && error.kind === 'ServiceUnavailable'
}

/** What an experiment says, with what Temporal knows of its activities. */
export function reportOf(told: ExperimentProgress, facts: WorkflowFacts | null): Report {
  const held = facts !== null && facts.pausedActivities.length > 0
  return {
    ...told,
    ...given({ warmStart: facts?.warmStart, answered: answeredOf(told, facts), trouble: facts?.trouble }),
    ...(held ? { held } : {}),
  }
}

/** The workflow counts whole pieces, and heartbeats the responses of those under way. */
function answeredOf({ answered }: ExperimentProgress, facts: WorkflowFacts | null): ExperimentView['answered'] {
  if (facts?.answered !== undefined || answered === undefined) return facts?.answered
  return { ...answered, done: Math.min(answered.of, answered.done + (facts?.inPieces ?? 0)) }
}
