/** What the policy computes on in this process, with the threads, for the provenance of a run: bits depend on both. */
import { computesOnGpu, libraryOfThisProcess } from '../../pipelines/graph/library.js'
import { threadsVariable } from './engine-threads.js'

/** The library alone with one thread, as runs have it that knew no other number. */
export function computesOn(environment: NodeJS.ProcessEnv = process.env): string {
  const threads = Number(environment[threadsVariable] ?? 1)
  return `${libraryOfThisProcess()}${threads === 1 || computesOnGpu() ? '' : `, ${threads} threads`}`
}
