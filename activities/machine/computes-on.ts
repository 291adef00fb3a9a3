/** What the policy computes on in this process, with the threads, for the provenance of a run: bits depend on both. */
import { computesOnGpu, libraryOfThisProcess } from '../../pipelines/graph/library.js'

/** TensorFlow's own variable of the threads of a matrix product. */
export const threadsVariable = 'TF_NUM_INTRAOP_THREADS'

/** The library alone with one thread, as runs have it that knew no other number. */
export function computesOn(environment: NodeJS.ProcessEnv = process.env): string {
  const threads = Number(environment[threadsVariable] ?? 1)
  return `${libraryOfThisProcess()}${threads === 1 || computesOnGpu() ? '' : `, ${threads} threads`}`
}

/** The threads in what a run computes on, as `computesOn` says it; undefined for one that has not begun, and without a processor. */
export function threadsIn(engine: string | null): number | undefined {
  if (engine === null || !engine.includes(' on the processor')) return undefined
  return Number(/, (\d+) threads/.exec(engine)?.[1] ?? 1)
}
