/**
 * What the pieces of a rollout leave in the store: the pieces, and the adapter that they were made with. Both belong to one step of one
 * experiment, and nothing refers to them once its rollout is journaled.
 */
import type { Store } from '../store/store.js'

export const pieceKind = 'rollout-piece'
export const adapterKind = 'rollout-adapter'

/** Removes those of a run's steps up to `step`, also what an attempt left that a crash ended, or one that was replaced wrote late. */
export async function dropUpTo(store: Store, run: string, step: number): Promise<void> {
  for (const kind of [pieceKind, adapterKind]) {
    for (const { name, from } of store.listed<{ run?: string; step?: number }>(kind)) {
      if (from.run === run && from.step !== undefined && from.step <= step) await store.drop(kind, name)
    }
  }
}
