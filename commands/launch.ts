/**
 * `rlev run` and `rlev sweep`. Everything that can be wrong with the config is told before anything is started or written;
 * the same plan under the same name is come back to, whatever state it is in.
 */
import { readPlan } from '../activities/store/runs/runs.js'
import type { PreflightFinding } from '../pipelines/advantages/planned-arm.js'
import type { Plan } from '../pipelines/config/schema.js'
import type { DataSet } from '../pipelines/data/item.js'
import { printable } from '../pipelines/printable.js'
import { refuseTrainedElsewhere } from './import-results/refusals.js'
import { checkedPlan } from './plan/checked.js'
import { costOf, countsOf } from './plan/cost.js'
import { outlookOf } from './plan/outlook.js'
import { failureText } from './program/failure.js'
import { addsSeeds, changesResults, freezePlan, isKnownPlan, planDifference } from './runs/frozen-plan.js'
import type { RunView } from './runs/run-view.js'
import { commandFor } from './runs/shell-command.js'
import { type Home, openHome } from './services/home.js'

/** What every call that begins a run can say. */
export interface BeginOptions {
  home?: string | undefined
  name?: string | undefined
  seed?: number | undefined
  /** `path=value` each. */
  set?: readonly string[]
  detach?: boolean | undefined
  /** Go on with a config or code that has changed since the run began. */
  allowDrift?: boolean | undefined
}

export interface LaunchOptions extends BeginOptions {
  kind: 'run' | 'sweep'
  /** Path of the config file. */
  config: string
}

/** The exit status. */
export async function launch(options: LaunchOptions): Promise<number> {
  return launchPlan({ ...options, place: options.config, ...(await checkedPlan(options)) })
}

export interface PlanLaunch extends Pick<BeginOptions, 'home' | 'detach' | 'allowDrift'> {
  plan: Plan
  /** The plan with what is decided when a run begins in this home. Absent: the plan is whole. */
  decided?: (home: string) => Promise<Plan>
  /** The items, where the plan is new. */
  data: () => Promise<DataSet>
  /** What the preflight has to say of a plan that is new. */
  findings: () => Promise<readonly Pick<PreflightFinding, 'severity' | 'sentence'>[]>
  /** Where the plan comes from, for errors. */
  place: string
  /** Where progress and words of the beginning go; standard output unless said. */
  stream?: NodeJS.WriteStream
  /** Called when the home has the plan, before anything is started. */
  onFrozen?: () => void
  /** In place of the comparison at the end; gives the exit status. */
  print?: (home: Home, view: RunView) => number
}

/** The exit status. */
export async function launchPlan(options: PlanLaunch): Promise<number> {
  const { data, findings, place: path, detach = false, allowDrift = false, stream = process.stdout } = options
  const home = openHome(options.home)
  const plan = (await options.decided?.(home.path)) ?? options.plan
  const say = (text: string) => stream.write(`${text}\n`)
  const known = isKnownPlan(home.path, plan, path, { drift: allowDrift })
  for (const warning of plan.warnings) console.error(printable(`warning: ${warning}`))
  if (!known) {
    const found = await findings()
    const dataset = await data()
    const { seconds } = costOf(plan, countsOf(dataset))
    for (const { place, reason } of dataset.warnings) console.error(printable(`warning: ${place}: ${reason}`))
    const watch = commandFor(home, 'watch', plan.name)
    say(printable(outlookOf({ plan, seconds, watch, width: stream.columns }).join('\n')))
    // `plan` prints the notes; a run prints only what may be wrong.
    for (const { severity, sentence } of found) {
      if (severity !== 'note') console.error(printable(`${severity}: ${sentence}`))
    }
  }

  // From here on the call is right; what takes its time to load is loaded now.
  const [
    { lookAtRun },
    { withTemporal },
    { upForRuns },
    { detachedText, follow, interruptedText, leaving, leftByReader, printEnding },
    { begin },
    { settleDrift },
  ] = await Promise.all([
    import('./runs/run-status.js'),
    import('./runs/with-run.js'),
    import('./services/up.js'),
    import('./live/follow.js'),
    import('./runs/begin-run.js'),
    import('./runs/drift.js'),
  ])
  const { print = printEnding } = options
  if (known) {
    const view = await withTemporal(home, temporal => lookAtRun(home, plan.name, temporal))
    const difference = planDifference(readPlan(home.path, plan.name), plan)
    if (view.state === 'done' && !difference.some(one => changesResults(one) || addsSeeds(one))) {
      say(`${plan.name} is done already; this is its result. For another one like it give --name.`)
      return print(home, view)
    }
    refuseTrainedElsewhere(home.path, plan.name, 'to train')
    settleDrift({ home, view, plan, allowed: allowDrift })
  } else refuseTrainedElsewhere(home.path, plan.name, 'to train')
  freezePlan(home.path, plan, path)
  options.onFrozen?.()
  let follows = false
  // A line of another kind would tear the live view.
  const report = (line: string) => (follows ? undefined : process.stderr.write(`${line}\n`))
  const left = leaving()
  const interrupt = () => {
    console.error(interruptedText(home, plan.name))
    process.exit(leftByReader)
  }
  left.addEventListener('abort', interrupt)
  const { whole } = await upForRuns(home, { report })
  left.removeEventListener('abort', interrupt)
  whole.catch((error: unknown) => console.error(failureText(error, { home: home.path, whole: false })))
  say(await begin({ home, plan: readPlan(home.path, plan.name), known }))
  follows = !detach
  if (home.services?.mlflow.url) say(`tracked in MLflow: ${home.services.mlflow.url}`)
  if (!detach) return follow(home, plan.name, { left, stream, print })
  await whole
  say(detachedText(home, plan.name))
  return 0
}
