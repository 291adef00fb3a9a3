/**
 * Deletes on the server what it keeps of an experiment and nothing goes on from: samplers of weights that have changed since, and states.
 * Kept are the newest two states, that of the start, and those of the checkpoints that are kept: the journal leads on from each of them.
 * What a server does not delete, or not in time, costs room there and nothing else.
 */
import type { TinkerClient } from '../client.js'
import type { CheckpointName } from '../types.js'
import type { KeptState, MayCommit, States } from './states.js'

/** Of all deletions together, after a step: the next step goes on with what is left. */
const limitMs = 2_000
const newest = 2

/** `states` with the newest first; `checkpoints`: steps that have one. */
export function statesToDelete(states: readonly KeptState[], checkpoints: readonly number[]): KeptState[] {
  return states.slice(newest).filter(({ step }) => step > 0 && !checkpoints.includes(step))
}

/** Whether the server deleted all of them. */
export async function deleteBehind({
  client,
  states,
  checkpoints,
  samplers,
  mayCommit,
}: {
  client: TinkerClient
  states: States
  checkpoints: readonly number[]
  samplers: readonly CheckpointName[]
  mayCommit: MayCommit
}): Promise<boolean> {
  const signal = AbortSignal.timeout(limitMs)
  if (!(await deleteAll(client, samplers, signal))) return false
  for (const state of statesToDelete(states.atOrBefore(Number.POSITIVE_INFINITY), checkpoints)) {
    const { modelId, name } = state
    if (!(await deleteAll(client, [{ modelId, kind: 'weights', name }], signal))) return false
    states.forget(state, mayCommit)
  }
  return true
}

/** Of a model that an earlier attempt left: all samplers, and the states that no file of the experiment names. */
export async function deleteLeft(client: TinkerClient, { states, modelId }: { states: States; modelId: string }) {
  const signal = AbortSignal.timeout(limitMs)
  const known = states.atOrBefore(Number.POSITIVE_INFINITY).filter(state => state.modelId === modelId)
  const there = await client.checkpoints(modelId, { signal }).catch(() => [])
  const left = there.filter(({ type, id }) => type === 'sampler' || !known.some(({ name }) => name === id))
  const names = left.map(({ type, id: name }): CheckpointName => ({ modelId, kind: kinds[type], name }))
  await deleteAll(client, names, signal)
}

export async function deleteSamplers(client: TinkerClient, samplers: readonly CheckpointName[]): Promise<void> {
  await deleteAll(client, samplers, AbortSignal.timeout(limitMs))
}

const kinds = { training: 'weights', sampler: 'sampler_weights' } as const

/** Up to the first that the server does not delete. */
async function deleteAll(
  client: TinkerClient,
  names: readonly CheckpointName[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for (const name of names) if (!(await client.deleteCheckpoint(name, { signal }))) return false
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
