/** What each subcommand needs of the object store before it begins; called for every command, and does nothing without a store. */
import { type Depth, pullRun, pullRuns, refuseWithStore } from '../runs/shared-home.js'
import { openHome } from '../services/home.js'

/** Not here: commands that read no run. */
const depths: Readonly<Record<string, Depth | 'plans'>> = {
  run: 'plans',
  sweep: 'plans',
  evaluate: 'plans',
  gc: 'progress',
  list: 'progress',
  status: 'progress',
  watch: 'progress',
  pause: 'progress',
  adjust: 'progress',
  resume: 'policies',
  cancel: 'progress',
  delete: 'progress',
  extend: 'policies',
  compare: 'exam',
  report: 'exam',
  verify: 'all',
  checkpoint: 'policies',
  export: 'all',
  serve: 'exam',
}

/** `args`: names of runs or experiments, if the command takes any; without one all runs are looked at. */
export async function pullForCommand(
  command: string,
  args: readonly string[],
  path: string | undefined,
): Promise<void> {
  if (command === 'clone') refuseWithStore(command)
  const depth = depths[command]
  if (depth === undefined) return
  const home = openHome(path).path
  await pullRuns(home)
  if (depth === 'plans') return
  const { listRuns } = await import('../../activities/store/runs/runs.js')
  const known = listRuns(home)
  const named = args.map(arg => arg.split('/')[0] ?? arg).filter(name => known.includes(name))
  for (const name of named.length > 0 ? new Set(named) : known) await pullRun(home, name, depth)
}
