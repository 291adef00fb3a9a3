/**
 * `rlev delete NAME`: removes a run that is over: its files, its runs in MLflow (which can restore them) and its workflows in Temporal.
 * What it shares with other runs stays in the store for `rlev gc`. A deletion that is interrupted leaves a note in the run's folder; the
 * run is then not used any more, and the same call completes the deletion.
 */
import { dirname, sep } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { armFailPoints, failPoint, failPointVariable } from '../../activities/fail-points/fail-point.js'
import { bytesUnder } from '../../activities/store/disk-use.js'
import { removeWhole, syncPath } from '../../activities/store/files.js'
import { readReferences } from '../../activities/store/references.js'
import { beginDeletion, type Deletion, readDeletion } from '../../activities/store/runs/deletion.js'
import { readElsewhere } from '../../activities/store/runs/elsewhere.js'
import { runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, listRuns, readPlan } from '../../activities/store/runs/runs.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { printable } from '../../pipelines/printable.js'
import { runThere } from '../runs/run-names.js'
import { lookAtRun } from '../runs/run-status.js'
import { clauseOf, isOver } from '../runs/run-view.js'
import { pushRun, sharedHome } from '../runs/shared-home.js'
import { commandFor } from '../runs/shell-command.js'
import type { TemporalRuns } from '../runs/temporal-runs.js'
import { withTemporal } from '../runs/with-run.js'
import { type Home, openHome } from '../services/home.js'
import { externalMlflow, mlflowAnswers } from '../services/mlflow.js'
import { livingProcesses } from '../services/state.js'
import { diskText } from '../text/format.js'
import { deleteTrackedRuns } from './tracked-runs.js'
import { forgetWorkflows } from './workflows.js'

export interface DeleteOptions {
  home?: string | undefined
  name: string
  /** Without asking. */
  yes?: boolean | undefined
  /** Temporal and MLflow keep what they have; they need not run. */
  filesOnly?: boolean | undefined
}

/** @throws RlevError CallInvalid for a run that is not over, ServiceUnavailable if a service is needed and does not answer. */
export async function deleteRun(options: DeleteOptions): Promise<void> {
  armFailPoints(process.env[failPointVariable])
  const home = openHome(options.home)
  const { name, yes = false } = options
  runThere(home.path, name)
  const begun = readDeletion(home.path, name)
  const deletion = begun ?? { time: Date.now(), filesOnly: options.filesOnly === true }
  // What was asked for first may turn out to be impossible: then the files can still go.
  // Neither MLflow nor Temporal has anything of a run that was trained elsewhere.
  const isImport = readElsewhere(home.path, name) !== null
  const filesOnly = deletion.filesOnly || options.filesOnly === true || isImport
  const folder = runFolder(home.path, name)
  await withTemporal(home, async temporal => {
    const plan = readPlan(home.path, name)
    if (begun === null) refuseNeeded(home, name)
    if (begun === null) await refuseLiving({ home, name, temporal, filesOnly })
    const mlflow = filesOnly ? undefined : await servicesOf(home, name, temporal)
    const bytes = bytesUnder(folder)
    if (begun === null && !yes) await confirm(name, { bytes, filesOnly })
    await remove({ home, plan, deletion: { ...deletion, filesOnly }, temporal, mlflow })
    console.log(`${name} is deleted: ${diskText(bytes)}. What it shared with other runs: ${commandFor(home, 'gc')}`)
  })
}

/** A run that starts from a checkpoint of this one, and has no copy of it yet. */
function refuseNeeded(home: Home, name: string): void {
  const folder = `${runFolder(home.path, name)}${sep}`
  const others = listRuns(home.path).filter(other => other !== name)
  const needing = others.find(other =>
    experimentsOf(readPlan(home.path, other)).some(
      ({ id, config: { policy } }) =>
        policy.from === 'checkpoint' &&
        policy.path.startsWith(folder) &&
        !readReferences(runFolder(home.path, id)).has('start'),
    ),
  )
  if (needing === undefined) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${needing} starts from a checkpoint of ${name}, and has no copy of it yet`,
    place: folder,
    remedy: `start ${needing}, which copies it first, or delete ${needing} before`,
  })
}

/** A run that may go on keeps its files: a worker could write into them, or need them. */
async function refuseLiving(run: {
  home: Home
  name: string
  temporal: TemporalRuns | undefined
  filesOnly: boolean
}): Promise<void> {
  const { home, name, temporal, filesOnly } = run
  const { state, serverAway } = await lookAtRun(home, name, temporal)
  if (!isOver(state)) {
    const services = serverAway ? `${commandFor(home, 'up')}, then ` : ''
    throw new RlevError({
      kind: 'CallInvalid',
      message: `${name} ${clauseOf(state)}, and may go on`,
      place: runFolder(home.path, name),
      expected: 'a run that is over: done, failed, cancelled or stopped',
      found: state,
      remedy: `${services}${commandFor(home, 'cancel', name)}, then this command again`,
    })
  }
  const living = livingProcesses(home)
  if (!filesOnly || !serverAway || living.length === 0) return
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'Temporal does not answer, and processes of this home live, so it is not known whether the run is at work',
    place: home.path,
    found: living.join(', '),
    remedy: `${commandFor(home, 'up')} or ${commandFor(home, 'down')}, then this command again`,
  })
}

/** Address of MLflow. @throws RlevError ServiceUnavailable unless it and Temporal answer. */
async function servicesOf(home: Home, name: string, temporal: TemporalRuns | undefined): Promise<string> {
  const service = externalMlflow() ?? home.services?.mlflow
  const away = [
    ...(temporal === undefined || (await lookAtRun(home, name, temporal)).serverAway ? ['Temporal'] : []),
    ...(service === undefined || !(await mlflowAnswers(service)) ? ['MLflow'] : []),
  ]
  if (service !== undefined && away.length === 0) return service.url
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'what Temporal and MLflow have of the run cannot be deleted now',
    place: home.path,
    expected: 'both services',
    found: `no answer of ${away.join(' and ')}`,
    remedy: `${commandFor(home, 'up')}, then this command again; or --files-only, which leaves what they have`,
  })
}

async function confirm(name: string, { bytes, filesOnly }: { bytes: number; filesOnly: boolean }): Promise<void> {
  const rest = filesOnly ? '' : ', its runs in MLflow and its workflows in Temporal'
  const question = `Delete ${name}: ${diskText(bytes)} of files${rest}? This cannot be undone. [y/N] `
  if (!process.stdin.isTTY) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'a deletion must be confirmed, and standard input is not a terminal',
      place: `rlev delete ${name}`,
      expected: '--yes',
      remedy: `rlev delete ${name} --yes`,
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    if (/^y(es)?$/i.test((await terminal.question(printable(question))).trim())) return
  } finally {
    terminal.close()
  }
  throw new RlevError({ kind: 'CallInvalid', message: 'nothing is deleted', place: name, expected: 'y', found: 'no' })
}

/** The services first: their entries are found by the plan, which the folder holds. */
async function remove(run: {
  home: Home
  plan: Plan
  deletion: Deletion
  temporal: TemporalRuns | undefined
  mlflow: string | undefined
}): Promise<void> {
  const { home, plan, deletion, temporal, mlflow } = run
  const folder = runFolder(home.path, plan.name)
  beginDeletion(home.path, plan.name, deletion)
  const mirror = sharedHome(home.path)
  if (mirror !== null) await pushRun(home.path, plan.name)
  failPoint('delete.noted')
  if (!deletion.filesOnly && temporal !== undefined && mlflow !== undefined) {
    await deleteTrackedRuns(home.path, plan, mlflow)
    await forgetWorkflows(home.path, plan, temporal)
    failPoint('delete.services')
  }
  await mirror?.deleteRun(plan.name)
  removeWhole(folder, () => {
    syncPath(dirname(folder))
    failPoint('delete.aside')
  })
  failPoint('delete.after')
}
