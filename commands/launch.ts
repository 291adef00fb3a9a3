/**
 * `rlev run` and `rlev sweep`. Everything that can be wrong with the config is told before anything is started or written;
 * the same plan under the same name is come back to, whatever state it is in.
 */
import { readPlan } from '../activities/clients/runs.js'
import { printable } from '../pipelines/input/printable.js'
import { checkedPlan } from './plan/checked.js'
import { addsSeeds, changesResults, freezePlan, isKnownPlan, planDifference } from './runs/freeze.js'
import { openHome } from './services/home.js'

export interface LaunchOptions {
  kind: 'run' | 'sweep'
  /** Path of the config file. */
  config: string
  home?: string | undefined
  name?: string | undefined
  seed?: number | undefined
  /** `path=value` each. */
  set?: readonly string[]
  detach?: boolean | undefined
  /** Go on with a config or code that has changed since the run began. */
  allowDrift?: boolean | undefined
}

/** The exit status. */
export async function launch(options: LaunchOptions): Promise<number> {
  const { config: path, detach = false, allowDrift = false } = options
  const { plan, findings } = checkedPlan(options)
  const home = openHome(options.home)
  const known = isKnownPlan(home.path, plan, path, { drift: allowDrift })
  for (const warning of plan.warnings) console.error(printable(`warning: ${warning}`))
  for (const { severity, sentence } of known ? [] : await findings())
    console.error(printable(`${severity}: ${sentence}`))

  // From here on the call is right; what takes its time to load is loaded now.
  const [
    { lookAtRun },
    { withTemporal },
    { ensureUp },
    { detachedText, follow, leaving, printEnding },
    { begin },
    { settleDrift },
  ] = await Promise.all([
    import('./runs/look.js'),
    import('./runs/open.js'),
    import('./services/up.js'),
    import('./follow.js'),
    import('./runs/begin.js'),
    import('./runs/drift.js'),
  ])
  if (known) {
    const view = await withTemporal(home, temporal => lookAtRun(home, plan.name, temporal))
    const difference = planDifference(readPlan(home.path, plan.name), plan)
    if (view.state === 'done' && !difference.some(one => changesResults(one) || addsSeeds(one))) {
      console.log(`${plan.name} is done already; this is its result. For another one like it give --name.`)
      return printEnding(home, view)
    }
    settleDrift({ home, view, plan, allowed: allowDrift })
  }
  freezePlan(home.path, plan, path)
  await ensureUp(home)
  const left = leaving()
  console.log(await begin({ home, plan: readPlan(home.path, plan.name), known }))
  if (!detach) return follow(home, plan.name, left)
  console.log(detachedText(home, plan.name))
  return 0
}
