/** The moment a run begins, or is come back to, once its services are up. */
import { workflowPage } from '../../activities/machine/services-record.js'
import { homeId } from '../../activities/workplace.js'
import { planDigest } from '../../pipelines/config/digest.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import type { Home } from '../services/home.js'
import { goOn } from './go-on.js'
import { lookAtRun } from './run-status.js'
import { pushRun } from './shared-home.js'
import { commandFor } from './shell-command.js'
import { startWorkflow } from './start-workflow.js'
import { withTemporal } from './with-run.js'
import type { WorkflowFacts } from './workflow-facts.js'

/** What was done, in a sentence. `known`: the home had the plan before. */
export function begin(run: { home: Home; plan: Plan; known: boolean }): Promise<string> {
  const { home, plan, known } = run
  const { name } = plan
  return withTemporal(home, async temporal => {
    if (temporal === undefined) throw new Error('the services are up, and no Temporal server is known')
    const facts = await temporal.facts(name)
    refuseForeign(home, plan, facts)
    if (!known || facts === null) {
      await pushRun(home.path, name)
      await startWorkflow({ temporal, plan, home: homeId(home.path) })
      const page = workflowPage(home.services, temporal.workflowId(name))
      return `${known ? `${name} goes on` : `started ${name}`}${page === undefined ? '' : `: ${page}`}`
    }
    const view = await lookAtRun(home, name, temporal)
    if (view.otherVersion !== undefined) return goOn({ home, view, temporal })
    if (view.state === 'paused') return `${name} is paused. To go on: ${commandFor(home, 'resume', name)}`
    if (view.state === 'running' || view.state === 'waiting') return `${name} is at work already; this is its progress`
    return goOn({ home, view, temporal })
  })
}

/** A Temporal server that serves several homes has one workflow of a name, and so has a home whose folder of runs was emptied. */
function refuseForeign(home: Home, plan: Plan, facts: WorkflowFacts | null): void {
  if (facts === null) return
  const mine = { home: homeId(home.path), plan: planDigest(plan) }
  const theirs = { home: facts.memo['home'], plan: facts.memo['plan'] }
  if (theirs.home === mine.home && (theirs.plan === mine.plan || facts.status !== 'running')) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `the Temporal server has another workflow ${plan.name}`,
    place: home.services?.temporal.address ?? home.path,
    expected: `one of home ${mine.home} with plan ${mine.plan.slice(0, 12)}`,
    found:
      typeof theirs.home === 'string' && typeof theirs.plan === 'string'
        ? `home ${theirs.home}, plan ${theirs.plan.slice(0, 12)}`
        : 'a workflow that this command did not start',
    remedy: 'give this run another name with --name',
  })
}
