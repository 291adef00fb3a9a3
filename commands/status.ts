/** `rlev status [NAME]`: where a run stands, or the runs of this home. Reads only; works with the services down. */
import { listRuns } from '../activities/store/runs.js'
import { alarmKinds } from '../pipelines/evaluation/alarms.js'
import { printable } from '../pipelines/printable.js'
import { layOutTable } from '../pipelines/text/table.js'
import { progressTable } from './live/progress-table.js'
import { lookAtRun } from './runs/run-status.js'
import { linksOf, type RunView } from './runs/run-view.js'
import { lookAt, withTemporal } from './runs/with-run.js'
import { type Home, openHome } from './services/home.js'
import { formatMoment } from './text/format.js'
import { toJson } from './text/json.js'

export interface StatusOptions {
  home?: string | undefined
  name?: string | undefined
  json?: boolean | undefined
}

export async function status({ home: path, name, json = false }: StatusOptions): Promise<void> {
  const home = openHome(path)
  if (name === undefined) {
    const runs = await everyRun(home)
    console.log(json ? toJson({ home: home.path, runs }) : listText(home, runs))
    return
  }
  const view = await lookAt(home, name)
  console.log(json ? toJson(view) : printable(statusText(view)))
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

function statusText(view: RunView): string {
  const links = linksOf(view).map(([title, link]) => `${title.padEnd(10)}${link}`)
  return [...progressTable(view, { now: Date.now() }), '', ...weightLines(view), ...links].join('\n').trimEnd()
}

function weightLines({ kind, experiments }: RunView): string[] {
  return experiments
    .filter(({ weights }) => weights !== undefined)
    .map(({ arm, seed, weights }) => `weights   ${weights}${kind === 'sweep' ? `  ${arm} seed ${seed}` : ''}`)
}
