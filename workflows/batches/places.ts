/**
 * Places for experiments, of which a sweep has as many as run at the same time, divided over its batches. A place is lent: a batch that
 * holds it may run an experiment in it, and only the batch gives it back. So all batches together never run more, however late a message
 * between them and the sweep comes.
 */

/** What the sweep knows of one batch. Places that it holds: `granted - returned`. */
export interface Share {
  /** Places lent to it so far, in all. */
  granted: number
  /** Places that it gave back, in all. */
  returned: number
  /** As many as it should hold. It gives back what is more, as soon as an experiment ends there. */
  limit: number
  /** Its experiments without a result. They only become fewer, so that it never needs more places than it is known to. */
  open: number
}

export function held({ granted, returned }: Pick<Share, 'granted' | 'returned'>): number {
  return granted - returned
}

/**
 * The first batch gets as many places as it can use, then the next: an unfinished sweep has the first ones of its order. `left`: places
 * that are free and that no batch can use.
 */
export function divide<Batch extends Share>(
  places: number,
  batches: readonly Batch[],
): { batches: Batch[]; left: number } {
  let unassigned = places
  let free = Math.max(0, places - batches.reduce((sum, batch) => sum + held(batch), 0))
  const divided = batches.map(batch => {
    const limit = Math.min(unassigned, batch.open)
    unassigned -= limit
    const lent = Math.max(0, Math.min(free, limit - held(batch)))
    free -= lent
    return { ...batch, limit, granted: batch.granted + lent }
  })
  return { batches: divided, left: Math.min(free, unassigned) }
}

/** How many of its places a batch gives back. `training`: those in which an experiment runs. */
export function surplus({ limit, open, training, ...share }: Share & { training: number }): number {
  return Math.max(0, held(share) - Math.max(training, Math.min(limit, open)))
}
