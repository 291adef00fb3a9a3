/**
 * The threads of a matrix product, on which bits depend: how TensorFlow is told of them, and how the provenance of a run names them. Read by
 * processes that do not load TensorFlow.
 */

/** TensorFlow's own variable. */
export const threadsVariable = 'TF_NUM_INTRAOP_THREADS'

/** Those in what a run computes on, as `computesOn` says it; undefined for one that has not begun, and without a processor. */
export function threadsIn(engine: string | null): number | undefined {
  if (engine === null || !engine.includes(' on the processor')) return undefined
  return Number(/, (\d+) threads/.exec(engine)?.[1] ?? 1)
}
