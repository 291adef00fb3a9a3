/** A run whose workflow belongs to another version of the code than this command: workers of this version get none of its tasks. */
import { codeOfThisProcess } from '../../activities/machine/code.js'
import { homeId } from '../../activities/workplace.js'
import { buildOf, queuesOf } from '../../workflows/queues.js'
import type { Home } from '../services/home.js'
import type { RunView } from './run-view.js'
import type { WorkflowFacts } from './workflow-facts.js'

interface Asked {
  facts: WorkflowFacts | null
  /** The server answers, but nobody answers for the workflow. */
  workerAway: boolean
}

/** Undefined for a run that is over, or of this version. */
export function otherVersionOf(home: Home, { facts, workerAway }: Asked): RunView['otherVersion'] {
  if (facts?.status !== 'running') return undefined
  const { workflows } = queuesOf({ home: homeId(home.path), code: codeOfThisProcess().digest })
  if (facts.queue === workflows || !facts.queue.startsWith('rlev')) return undefined
  return { code: buildOf(facts.queue) ?? 'before the queues named it', answers: !workerAway }
}

export function versionNotes(name: string, otherVersion: RunView['otherVersion']): string[] {
  if (otherVersion === undefined || otherVersion.answers) return []
  const own = codeOfThisProcess().digest.slice(0, 12)
  return [
    `It was begun by another version of the code (${otherVersion.code}; here it is ${own}), and no worker of that version answers: start one from a checkout of it, or go on with the version of here by \`rlev resume ${name} --allow-drift\`.`,
  ]
}
