/** `rlev status [NAME]`: where a run stands, or the runs of this home. Reads only; works with the services down. */
import { listRuns } from '../activities/store/runs/runs.js'
import { RlevError } from '../pipelines/errors.js'
import { alarmKinds } from '../pipelines/evaluation/alarms.js'
import { printable } from '../pipelines/printable.js'
import { nearestName } from '../pipelines/text/nearest-name.js'
import { layOutTable } from '../pipelines/text/table.js'
import { countedStates, progressTable } from './live/progress-table.js'
import { type Selection, select } from './live/selection.js'
import { lookAtRun } from './runs/run-status.js'
import { linksOf, type RunView } from './runs/run-view.js'
import { lookAt, withTemporal } from './runs/with-run.js'
import { type Home, openHome } from './services/home.js'
import { formatMoment } from './text/format.js'
import { toJson } from './text/json.js'

/** `rlev status NAME --arm, --state, --limit`: which experiments. */
export interface StatusOptions extends Selection {
  home?: string | undefined
  name?: string | undefined
  json?: boolean | undefined
}

export async function status({ home: path, name, json = false, ...selection }: StatusOptions): Promise<void> {
  const home = openHome(path)
  if (name === undefined) {
    const runs = await everyRun(home)
    console.log(json ? toJson({ home: home.path, runs }) : listText(home, runs))
    return
  }
  const view = await lookAt(home, name)
  refuseUnknownArm(view, selection.arm)
  console.log(json ? toJson(selectedView(view, selection)) : printable(statusText(view, selection)))
}

function everyRun(home: Home): Promise<RunView[]> {
  return withTemporal(home, async temporal => {
    const runs: RunView[] = []
    for (const name of listRuns(home.path)) runs.push(await lookAtRun(home, name, temporal))
    return runs.sort((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0))
  })
}

function listText(home: Home, runs: readonly RunView[]): string {
  if (runs.length === 0) return `no runs in ${home.path} yet: start one with \`rlev run\` or \`rlev sweep\``
  const rows = runs.map(({ name, kind, state, startedAt, experiments }) => [
    name,
    kind,
    state,
    `${experiments.filter(experiment => experiment.state === 'done').length}/${experiments.length}`,
    startedAt === undefined ? '' : formatMoment(startedAt),
    alarmKindsOf(experiments),
  ])
  const alarmed = rows.some(row => row.at(-1) !== '')
  const columns = ['name', 'kind', 'state', 'done', 'started', ...(alarmed ? ['alarms'] : [])].map(heading => ({
    heading,
  }))
  return layOutTable({ columns, rows: alarmed ? rows : rows.map(row => row.slice(0, -1)) }).join('\n')
}

/** `skipped-steps 5/10`: kinds, with the number of experiments. `status NAME` has the sentences. */
function alarmKindsOf(experiments: RunView['experiments']): string {
  return alarmKinds
    .map(kind => ({
      kind,
      of: experiments.filter(({ alarms = [] }) => alarms.some(alarm => alarm.kind === kind)).length,
    }))
    .filter(({ of }) => of > 0)
    .map(({ kind, of }) => (experiments.length === 1 ? kind : `${kind} ${of}/${experiments.length}`))
    .join(', ')
}

/** JSON has every experiment unless some were asked for. */
function selectedView(view: RunView, selection: Selection): RunView & { counts: ReturnType<typeof countedStates> } {
  const limit = selection.limit ?? view.experiments.length
  const { shown } = select(view, { ...selection, limit })
  return { ...view, counts: countedStates(view.experiments), experiments: shown }
}

function statusText(view: RunView, selection: Selection): string {
  const links = linksOf(view).map(([title, link]) => `${title.padEnd(10)}${link}`)
  const weights = weightLines({ ...view, experiments: select(view, selection).shown })
  return [...progressTable(view, { now: Date.now(), selection }), '', ...weights, ...links].join('\n').trimEnd()
}

function refuseUnknownArm({ name, experiments }: RunView, arm: string | undefined): void {
  const arms = [...new Set(experiments.map(experiment => experiment.arm))]
  if (arm === undefined || arms.includes(arm)) return
  const meant = nearestName(arm, arms)
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the run has no such arm',
    place: name,
    expected: `one of ${arms.slice(0, 20).join(', ')}${arms.length > 20 ? ` and ${arms.length - 20} more` : ''}`,
    found: arm,
    ...(meant === undefined ? {} : { remedy: `did you mean ${meant}?` }),
  })
}

function weightLines({ kind, experiments }: RunView): string[] {
  return experiments
    .filter(({ weights }) => weights !== undefined)
    .map(({ arm, seed, weights }) => `weights   ${weights}${kind === 'sweep' ? `  ${arm} seed ${seed}` : ''}`)
}
