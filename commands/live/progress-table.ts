/** The live table: a line an experiment, and below it what concerns the run as a whole. Pure: a view in, lines out. */
import { alarmLines } from '../../pipelines/evaluation/alarm-lines.js'
import { given } from '../../pipelines/given.js'
import { type Column, layOutTable } from '../../pipelines/text/table.js'
import { cutToWidth, oneLine } from '../../pipelines/text/width.js'
import { alarmedOf, clauseOf, type ExperimentView, type RunState, type RunView } from '../runs/run-view.js'
import { formatCount, formatDuration, formatNumber, formatShare } from '../text/format.js'
import { isSelective, mostShown, type Selection, select } from './selection.js'

const columns: readonly Column[] = [
  { heading: 'experiment', shrinks: true },
  { heading: 'stage', shrinks: true },
  { heading: 'step', align: 'right' },
  { heading: 'reward', align: 'right', dispensable: 2 },
  { heading: 'H-Acc', align: 'right', dispensable: 1 },
  { heading: 'expected', align: 'right' },
  { heading: 'tokens/s', align: 'right', dispensable: 3 },
  { heading: 'left', align: 'right' },
]

/**
 * `width`, `height`: of the terminal. Where not every line fits, experiments that wait or are done are counted instead. `selection`: what
 * was asked for.
 */
export function progressTable(
  view: RunView,
  options: { width?: number; height?: number; now: number; selection?: Selection },
): string[] {
  const { width, height, now, selection = {} } = options
  if (isSelective(selection) || (height === undefined && view.experiments.length > mostShown))
    return selectedTable(view, { ...given({ width }), now, selection })
  const foot = [
    summaryLine(view, now),
    ...(height === undefined ? alarmTexts(view) : fewOf(alarmTexts(view), view.name)),
    ...view.notes.map(oneLine),
    ...failureLines(view),
  ]
  const room = height === undefined ? Number.POSITIVE_INFINITY : Math.max(1, height - foot.length - 3)
  const { shown, hidden } = choose(view.experiments, room)
  const table = layOutTable({
    columns,
    rows: shown.map(experiment => cellsOf(experiment, view.kind)),
    ...given({ width }),
  })
  const lines = [...table, ...(hidden === '' ? [] : [hidden]), ...foot]
  return width === undefined ? lines : lines.map(line => cutToWidth(line, width))
}

/** Counts on top, then what was asked for; what failed first. */
function selectedTable(
  view: RunView,
  { width, now, selection }: { width?: number; now: number; selection: Selection },
): string[] {
  const { shown, hidden } = select(view, selection)
  const part = { ...view, experiments: shown }
  const rows = shown.map(experiment => cellsOf(experiment, view.kind))
  const more = `... and ${countStates(hidden)}: --arm, --state and --limit show others`
  const lines = [
    summaryLine(view, now),
    '',
    ...(shown.length === 0 ? ['no experiment is like that'] : layOutTable({ columns, rows, ...given({ width }) })),
    ...(hidden.length === 0 ? [] : [more]),
    ...fewOf(alarmTexts(part), view.name),
    ...view.notes.slice(0, maxNotes).map(oneLine),
    ...(view.notes.length > maxNotes ? [`and ${view.notes.length - maxNotes} more notes (--json has all)`] : []),
    ...failureLines(part),
  ]
  return width === undefined ? lines : lines.map(line => cutToWidth(line, width))
}

/** Notes beside a selection. */
const maxNotes = 10

function cellsOf(experiment: ExperimentView, kind: RunView['kind']): string[] {
  const { arm, seed, step, steps, reward, hAcc, expectedHAcc, tokensPerSecond, secondsLeft, state } = experiment
  return [
    kind === 'sweep' ? `${arm} seed ${seed}` : arm,
    stageDetail(experiment),
    `${step}/${steps}`,
    formatNumber(reward, 3),
    formatShare(hAcc),
    formatShare(expectedHAcc),
    formatCount(tokensPerSecond),
    state === 'running' && secondsLeft ? formatDuration(secondsLeft) : '',
  ]
}

/** The stage, and how far it is: steps of a warm start, responses of an evaluation or of a rollout in pieces. */
export function stageDetail(experiment: ExperimentView): string {
  const { stage, state, warmStart, answered } = experiment
  const progress = stage === 'warm start' ? warmStart : stage === 'evaluate' || stage === 'train' ? answered : undefined
  const share = progress === undefined || state !== 'running' ? '' : ` ${Math.floor(progress.done)}/${progress.of}`
  return stageText(experiment) + share
}

/** The stage while it is at work, else the state. */
export function stageText({
  stage,
  state,
  stoppedEarly,
}: Pick<ExperimentView, 'stage' | 'state' | 'stoppedEarly'>): string {
  if (state === 'done' && stoppedEarly !== undefined) return 'done early'
  return state === 'running' ? stage : state
}

/** `12 experiments: 2 running, 7 done, 3 waiting · 3 min 20 s so far, about 4 min 10 s left`. */
export function summaryLine(view: RunView, now: number): string {
  const { experiments, startedAt, endedAt, secondsLeft, state, kind, name } = view
  const parts = [kind === 'sweep' ? `${name}: ${experiments.length} experiments` : `${name}: ${state}`]
  if (kind === 'sweep') parts.push(countStates(experiments))
  if (kind === 'sweep' && state !== 'running') parts.push(`the sweep ${clauseOf(state)}`)
  if (startedAt !== undefined) {
    const duration = formatDuration(((endedAt ?? now) - startedAt) / 1000)
    parts.push(endedAt === undefined ? `${duration} so far` : `took ${duration}`)
  }
  if (state === 'running' && secondsLeft) parts.push(`about ${formatDuration(secondsLeft)} left`)
  return parts.join(', ')
}

const stateOrder: readonly RunState[] = ['running', 'paused', 'done', 'failed', 'cancelled', 'waiting', 'stopped']

function countStates(experiments: readonly ExperimentView[]): string {
  return Object.entries(countedStates(experiments))
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')
}

/** Without states that no experiment has. */
export function countedStates(experiments: readonly ExperimentView[]): Partial<Record<RunState, number>> {
  const counts = stateOrder.map(state => [state, experiments.filter(one => one.state === state).length] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

/** `ALARM human-aligned, seeds 1, 2: ...`. */
export function alarmTexts(view: Pick<RunView, 'experiments' | 'kind'>): string[] {
  return alarmLines(alarmedOf(view), { sweep: view.kind === 'sweep' }).map(line => `ALARM ${oneLine(line)}`)
}

/** Alarms in a live table, which must leave room for the experiments. */
const maxAlarms = 4

function fewOf(alarms: readonly string[], name: string): string[] {
  if (alarms.length <= maxAlarms) return [...alarms]
  return [...alarms.slice(0, maxAlarms), `and ${alarms.length - maxAlarms} more alarms: \`rlev status ${name}\``]
}

/** Failures in full below a table. */
const maxFailures = 10

function failureLines({ name, experiments }: RunView): string[] {
  const failed = experiments.filter(({ failure }) => failure !== undefined)
  const more = failed.length - maxFailures
  return [
    ...failed.slice(0, maxFailures).map(({ id, failure }) => `${id}: ${oneLine(failure ?? '')}`),
    ...(more > 0 ? [`and ${more} more failures: \`rlev status ${name} --state failed --json\``] : []),
  ]
}

/** What moves stays in sight, then what failed, then the newest of the rest. */
function choose(experiments: readonly ExperimentView[], room: number): { shown: ExperimentView[]; hidden: string } {
  if (experiments.length <= room) return { shown: [...experiments], hidden: '' }
  const importance: readonly RunState[] = ['running', 'paused', 'failed', 'stopped', 'cancelled', 'done', 'waiting']
  const ranked = [...experiments].sort((a, b) => importance.indexOf(a.state) - importance.indexOf(b.state))
  const kept = new Set(ranked.slice(0, Math.max(0, room - 1)))
  const shown = experiments.filter(experiment => kept.has(experiment))
  return { shown, hidden: `... and ${countStates(experiments.filter(experiment => !kept.has(experiment)))}` }
}
