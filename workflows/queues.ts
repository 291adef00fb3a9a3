/**
 * Queues on a Temporal server that several people, homes and builds share. A queue names the home and the build of the code, and a
 * queue for the policy also the engine, so that a worker gets only what it can do. A workflow takes the names of its queues and children
 * from its own names, so a run stays with the home and build that began it. Names of an earlier version say neither.
 */
import { queues } from './messages.js'

export interface Queues {
  workflows: string
  /** Activities without the policy. */
  io: string
  /** Activities with the policy, of a run that has not begun to compute: any engine. */
  gpu: string
}

/** `home`: its id. `code`: digest of what computes. */
export function queuesOf({ home, code }: { home: string; code: string }): Queues {
  return queuesBeside(`${queues.workflows}.${home}.${code.slice(0, 12)}`)
}

/** Those of the home and build that this queue of workflows is of. */
export function queuesBeside(workflows: string): Queues {
  const of = workflows.startsWith(`${queues.workflows}.`) ? workflows.slice(queues.workflows.length) : ''
  return { workflows, io: `${queues.io}${of}`, gpu: `${queues.gpu}${of}` }
}

/** The queue for policies that began on this engine, as `provenance.json` names it. Every worker can have any number of threads. */
export function engineQueue(gpu: string, engine: string): string {
  return `${gpu}.${engine.replace(/, \d+ threads/, '').replaceAll(/[^\w.]+/g, '-')}`
}

/** The engine that a queue for policies is of, as its name has it; null for a queue of another kind. */
export function engineOf(queue: string): string | null {
  const [, , , ...rest] = queue.split('.')
  return queue.startsWith(`${queues.gpu}.`) && rest[0]?.startsWith('TensorFlow') ? rest.join('.') : null
}

/** The build that a queue of workflows is for: the first 12 digits of its code's digest. Null for one of an earlier version. */
export function buildOf(workflows: string): string | null {
  return workflows.split('.')[2] ?? null
}

/** The id of a workflow (pipelines/config/names.ts) that is of the same home as the one with the id `of`. */
export function workflowIdBeside(of: string, id: string): string {
  const at = of.lastIndexOf('@')
  return at < 0 ? id : `${id}${of.slice(at)}`
}
