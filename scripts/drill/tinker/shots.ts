/** What the drill of a Tinker server kills, and at which moments of which operations. */
import { calls, futures, type Moment } from './operations-proxy.js'

/** `connection`: the client does not get its answer; for servers that the drill may not end. */
export type Victim = 'server' | 'connection' | 'policy worker' | 'orchestrator' | 'mlflow'

export interface Shot extends Moment {
  victim: Victim
}

export const inWords = ({ victim, operation, at }: Shot): string => `${victim} with ${operation} ${at}`

/** Only made while something recovers. */
const ofRecovery: readonly string[] = ['create_model', 'load_weights', 'unload_model']
export const isOfRecovery = ({ operation }: Moment): boolean => ofRecovery.includes(operation)

const places = ['asked', 'taken', 'done'] as const

/**
 * In the order in which they are fired: those of a recovery come right after another one, that of a server after a worker's too. `short`: each
 * operation once.
 */
export function shots({ short, victim }: { short: boolean; victim: 'server' | 'connection' }): Shot[] {
  const moments = [
    ...futures.flatMap(operation => places.map((at): Moment => ({ operation, at }))),
    ...calls.flatMap(operation => (['asked', 'done'] as const).map((at): Moment => ({ operation, at }))),
  ]
  const workers: Victim[] = [victim, 'policy worker']
  const kills = short
    ? [...futures, ...calls].map((operation, index): Shot => {
        const of = moments.filter(moment => moment.operation === operation)
        return { ...(of[index % of.length] as Moment), victim: workers[index % 2] as Victim }
      })
    : moments.flatMap(moment => workers.map((victim): Shot => ({ ...moment, victim })))
  const others: Shot[] = [
    { operation: 'forward_backward', at: 'taken', victim: 'orchestrator' },
    { operation: 'optim_step', at: 'done', victim: 'mlflow' },
  ]
  return interleaved([...kills.filter(shot => !isOfRecovery(shot)), ...others], kills.filter(isOfRecovery))
}

/** One of `others` after each of `first`, as long as there are any. */
function interleaved<Value>(first: readonly Value[], others: readonly Value[]): Value[] {
  return first.flatMap((value, index) => [value, ...others.slice(index, index + 1)]).concat(others.slice(first.length))
}
